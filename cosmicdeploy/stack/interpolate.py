"""Variables in values: `$V ${V} ${V:-x} ${V-x} ${V:?e} ${V?e} ${V:+x} ${V+x} $$`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.yamlfile import Document

_TOKEN = re.compile(r"\$(?:(?P<escaped>\$)|(?P<name>[A-Za-z_]\w*)|(?P<brace>\{)|)", re.ASCII)
_BRACED = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:(?P<form>:?[-?+])(?P<word>.*))?", re.ASCII | re.S)


def interpolate_values(document: Document, variables: Mapping[str, str]) -> dict[str, Any]:
    """The document's data with the variables in its values resolved; keys stay as they are.

    Raises `ConfigError` with the place of the value that is badly formed or lacks a variable.
    """
    return {key: _walk(document, (key,), value, variables) for key, value in document.data.items()}


def _walk(
    document: Document, keys: tuple[str | int, ...], value: Any, variables: Mapping[str, str]
) -> Any:
    if isinstance(value, str):
        return interpolate(value, variables, document.place(*keys)) if "$" in value else value
    if isinstance(value, dict):
        return {k: _walk(document, (*keys, k), v, variables) for k, v in value.items()}
    if isinstance(value, list):
        return [_walk(document, (*keys, i), v, variables) for i, v in enumerate(value)]
    return value


def interpolate(text: str, variables: Mapping[str, str], where: str) -> str:
    """Resolve every variable in `text`; one that is not set and has no default becomes "".

    `where` ("file:line") goes into the `ConfigError` raised for a bad form or a missing variable.
    """
    parts: list[str] = []
    position = 0
    while (token := _TOKEN.search(text, position)) is not None:
        parts.append(text[position : token.start()])
        position = token.end()
        if token["escaped"]:
            parts.append("$")
        elif token["name"]:
            parts.append(variables.get(token["name"], ""))
        elif token["brace"]:
            end = _closing_brace(text, position, where)
            parts.append(_braced(text[position:end], variables, where))
            position = end + 1
        else:
            raise _bad_form(text[token.start() : token.start() + 2], where)
    return "".join([*parts, text[position:]])


def _closing_brace(text: str, start: int, where: str) -> int:
    """Where the expression ends that begins at `start`; `${…}` inside it is skipped."""
    depth, position = 1, start
    while position < len(text):
        if text.startswith(("${", "$$"), position):
            depth += text[position + 1] == "{"
            position += 2
            continue
        if text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    raise _bad_form("${" + _name_in(text[start:]), where, "the closing '}' is missing")


def _braced(expression: str, variables: Mapping[str, str], where: str) -> str:
    match = _BRACED.fullmatch(expression)
    if match is None:
        raise _bad_form("${" + _name_in(expression) + "…}", where)
    name, form, word = match["name"], match["form"] or "", match["word"] or ""
    value = variables.get(name)
    given = bool(value) if form.startswith(":") else value is not None
    if form.endswith("+"):
        return interpolate(word, variables, where) if given else ""
    if given:
        return value or ""
    if form.endswith("?"):
        raise _missing(name, word, where)
    return interpolate(word, variables, where)


def _name_in(expression: str) -> str:
    """What may be shown of a bad expression: not its default, which can be a secret."""
    match = re.match(r"[^:?+}\s-]*", expression)
    return match[0] if match else ""


def _missing(name: str, message: str, where: str) -> ConfigError:
    reason = f": {message}" if message else ""
    return ConfigError(
        f"variable {name} is missing{reason}",
        where=where,
        todo=f"set {name} in the environment or in .env",
    )


def _bad_form(form: str, where: str, reason: str = "") -> ConfigError:
    return ConfigError(
        f"'{form}' is not a valid variable" + (f": {reason}" if reason else ""),
        where=where,
        todo="write ${NAME} or ${NAME:-default}, and $$ for a plain $",
    )
