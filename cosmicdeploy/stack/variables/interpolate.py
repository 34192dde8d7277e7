"""Variables in values: `$V ${V} ${V:-x} ${V-x} ${V:?e} ${V?e} ${V:+x} ${V+x} $$`.

The rules are those of Compose v2, for the compose file, `cosmicdeploy.yaml` and env files alike.
Its oddities are kept, since a value must not mean one thing to Compose and another one here: a `$`
before anything else is a plain `$`, and an expression does not span lines.
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
# As in Compose, whatever stands right behind an opening brace is not looked at.
_BRACES = re.compile(r"\{.?|\}", re.DOTALL)


class Budget:
    """How much the values of one file may come to, each with its variables resolved."""

    def __init__(self) -> None:
        self._left = RESOLVED_CHARACTERS

    def spend(self, value: str, where: str) -> None:
        """Raise `ConfigError` at the value with which they are too long."""
        self._left -= len(value)
        if self._left < 0:
            raise ConfigError(
                f"the values come to more than {RESOLVED_CHARACTERS >> 20} MiB together",
                where=where,
                todo="shorten the values that it and the lines above are made of",
            )


def interpolate_values(document: Document, variables: Mapping[str, str]) -> dict[str, Any]:
    """The document's data with the variables in its values resolved; keys stay as they are.

    Raises `ConfigError` with the place of the value that is badly formed or lacks a variable.
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
        where = self.document.place(*keys)
        resolved = interpolate(value, self.variables, where)
        self.budget.spend(resolved, where)
        return resolved


def interpolate(text: str, variables: Mapping[str, str], where: str, level: int = 0) -> str:
    """Resolve every variable in `text`; one that is not set and has no default becomes "".

    `where` ("file:line") goes into the `ConfigError` raised for a bad form, a missing variable, or
    a value that is too long, too deep or not to be given to a process. `level` counts the defaults
    that this one is within.
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
    todo = "write the value out, or shorten what it is made of"
    if length > VALUE_CHARACTERS:
        what = f"a value is longer than {VALUE_CHARACTERS >> 10} KiB, more than a process is given"
        raise ConfigError(what, where=where, todo=todo)
    if level > LEVELS:
        what = f"a value has more than {LEVELS} defaults within each other"
        raise ConfigError(what, where=where, todo=todo)


class _Lines:
    """A text whose expressions are looked for from left to right; none spans lines."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line_end = self._last_brace = -1

    def expression(self, start: int, where: str) -> tuple[_Expression, int]:
        """The expression behind the `${` that ends at `start`, and where the text goes on."""
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
        """Where the brace is that closes what begins at `start`; the last one of its line where
        none does, as in Compose, and the text's end where the line has none."""
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
    """What stands between `${` and its `}`: a name, and perhaps one of the forms with a word."""

    name: str
    form: str
    word: str

    def resolved(self, variables: Mapping[str, str], where: str, level: int) -> str:
        value = variables.get(self.name)
        given = bool(value) if self.form.startswith(":") else value is not None
        if self.form.endswith("+"):
            return interpolate(self.word, variables, where, level + 1) if given else ""
        if given:
            return value or ""
        if self.form.endswith("?"):
            raise _missing(self.name, self.word, where)
        return interpolate(self.word, variables, where, level + 1)


def _missing(name: str, message: str, where: str) -> ConfigError:
    reason = f": {message}" if message else ""
    return ConfigError(
        f"variable {name} is missing{reason}",
        where=where,
        todo=f"set {name} in the environment or in .env",
    )


def _bad_form(expression: str, where: str) -> ConfigError:
    """Only the name is shown: what follows it can be a secret."""
    match = re.match(r"[^:?+}\s-]*", expression)
    form = "${" + (match[0] if match else "") + "…}"
    is_open = "}" not in expression.partition("\n")[0]
    reason = ": the closing '}' is missing on its line" if is_open else ""
    return ConfigError(
        f"'{form}' is not a valid variable{reason}",
        where=where,
        todo="write ${NAME} or ${NAME:-default}, and $$ for a plain $",
    )
