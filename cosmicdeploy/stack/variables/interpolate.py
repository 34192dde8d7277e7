"""Resolve variables in values: `$V ${V} ${V:-x} ${V-x} ${V:?e} ${V?e} ${V:+x} ${V+x} $$`.

The rules are those of Compose v2, for the compose file, `cosmicdeploy.yaml` and env files alike.
Compose's oddities are kept, so that a value means the same to Compose and to cosmicdeploy: a `$`
before any other character is a plain `$`, and an expression does not span lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.bounds import LEVELS, RESOLVED_CHARACTERS, VALUE_CHARACTERS, require_usable
from cosmicdeploy.files.yaml_reader import Document

_NAME = "[_a-z][_a-z0-9]*"
_TOKEN = re.compile(rf"\$(?:(?P<escaped>\$)|(?P<name>{_NAME})|(?P<open>\{{))", re.IGNORECASE)
_HEAD = re.compile(rf"(?P<name>{_NAME})(?P<form>:?[-?+])?", re.IGNORECASE)
# As in Compose, the character after an opening brace is skipped.
_BRACES = re.compile(r"\{.?|\}", re.DOTALL)


class Budget:
    """The limit on the total length of a file's values after their variables are resolved."""

    def __init__(self) -> None:
        self._left = RESOLVED_CHARACTERS

    def spend(self, value: str, where: str) -> None:
        """Count a value. Raises `ConfigError` if the values so far are too long in total."""
        self._left -= len(value)
        if self._left < 0:
            raise ConfigError(
                f"The values are longer than {RESOLVED_CHARACTERS >> 20} MiB in total",
                where=where,
                todo="shorten the values, or the variables that they use",
            )


def interpolate_values(document: Document, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the document's data with variables resolved in its values, not in its keys.

    Raises `ConfigError`, with the location, for an invalid expression or a missing variable.
    """
    resolver = _Resolver(document, variables, Budget())
    return {key: resolver.walk((key,), value) for key, value in document.data.items()}


@dataclass(frozen=True)
class _Resolver:
    document: Document
    variables: Mapping[str, str]
    budget: Budget

    def walk(self, keys: tuple[str | int, ...], value: Any) -> Any:
        if isinstance(value, str):
            return self._resolved(keys, value) if "$" in value else value
        if isinstance(value, dict):
            return {k: self.walk((*keys, k), v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.walk((*keys, i), v) for i, v in enumerate(value)]
        return value

    def _resolved(self, keys: tuple[str | int, ...], value: str) -> str:
        where = self.document.location(*keys)
        resolved = interpolate(value, self.variables, where)
        self.budget.spend(resolved, where)
        return resolved


def interpolate(text: str, variables: Mapping[str, str], where: str, level: int = 0) -> str:
    """Resolve every variable in `text`; an unset one without a default becomes "".

    `level` is the depth of nested defaults. Raises `ConfigError`, with `where` ("file:line"), for
    an invalid expression, a missing variable, or a value that is too long, has too many nested
    defaults or contains a character that no process accepts.
    """
    _require_bounded(len(text), level, where)
    parts: list[str] = []
    length = position = 0
    lines = _Lines(text)
    while (token := _TOKEN.search(text, position)) is not None:
        parts.append(text[position : token.start()])
        position = token.end()
        if token["escaped"]:
            parts.append("$")
        elif token["name"]:
            parts.append(variables.get(token["name"], ""))
        else:
            expression, position = lines.expression(position, where)
            parts.append(expression.resolved(variables, where, level))
        length += len(parts[-2]) + len(parts[-1])
        _require_bounded(length, level, where)
    resolved = "".join([*parts, text[position:]])
    _require_bounded(len(resolved), level, where)
    require_usable(resolved, where)
    return resolved


def _require_bounded(length: int, level: int, where: str) -> None:
    todo = "shorten the value, or the variables that it uses"
    if length > VALUE_CHARACTERS:
        what = f"A value is longer than {VALUE_CHARACTERS >> 10} KiB, the limit for a process"
        raise ConfigError(what, where=where, todo=todo)
    if level > LEVELS:
        what = f"A value has more than {LEVELS} nested defaults"
        raise ConfigError(what, where=where, todo=todo)


class _Lines:
    """A text whose expressions are parsed from left to right; no expression spans lines."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line_end = self._last_brace = -1

    def expression(self, start: int, where: str) -> tuple[_Expression, int]:
        """Return the expression whose `${` ends at `start`, and the position after its `}`."""
        text, head = self._text, _HEAD.match(self._text, start)
        if head is None:
            raise _bad_form(text[start:], where)
        end = head.end()
        if head["form"]:
            end = self._closing_brace(end)
        if not text.startswith("}", end):
            raise _bad_form(text[start:], where)
        return _Expression(head["name"], head["form"] or "", text[head.end() : end]), end + 1

    def _closing_brace(self, start: int) -> int:
        """Return the position of the closing brace of the expression at `start`.

        If that expression is not closed, the result is the position of the line's last closing
        brace, as in Compose. If the line has none either, the result is the end of the text.
        """
        if start > self._line_end:
            end = self._text.find("\n", start)
            self._line_end = len(self._text) if end < 0 else end
            self._last_brace = self._text.rfind("}", start, self._line_end)
        if self._last_brace < start:
            return len(self._text)
        depth = 1
        for brace in _BRACES.finditer(self._text, start, self._last_brace):
            depth += 1 if brace[0] != "}" else -1
            if depth == 0:
                return brace.start()
        return self._last_brace


@dataclass(frozen=True)
class _Expression:
    """The inside of `${NAME:-word}`: the name, the form (`:-`), and the word after the form.

    `form` and `word` are "" for `${NAME}`.
    """

    name: str
    form: str
    word: str

    def resolved(self, variables: Mapping[str, str], where: str, level: int) -> str:
        value = variables.get(self.name)
        is_set = bool(value) if self.form.startswith(":") else value is not None
        if self.form.endswith("+"):
            return interpolate(self.word, variables, where, level + 1) if is_set else ""
        if is_set:
            return value or ""
        if self.form.endswith("?"):
            raise _missing(self.name, self.word, where)
        return interpolate(self.word, variables, where, level + 1)


def _missing(name: str, message: str, where: str) -> ConfigError:
    reason = f": {message}" if message else ""
    return ConfigError(
        f"Variable {name} is missing{reason}",
        where=where,
        todo=f"set {name} in the environment or in .env",
    )


def _bad_form(expression: str, where: str) -> ConfigError:
    """Return the error for an invalid expression. It shows only a name: the rest may be secret."""
    match = re.match(r"[^:?+}\s-]*", expression)
    form = "${" + (match[0] if match else "") + "…}"
    is_open = "}" not in expression.partition("\n")[0]
    reason = ": the closing '}' is missing on its line" if is_open else ""
    return ConfigError(
        f"'{form}' is not a valid variable{reason}",
        where=where,
        todo="write ${NAME} or ${NAME:-default}, and $$ for a plain $",
    )
