"""Variables in values: `$V ${V} ${V:-x} ${V-x} ${V:?e} ${V?e} ${V:+x} ${V+x} $$`.

The rules are those of Compose v2, for the compose file, `cosmicdeploy.yaml` and env files alike.
Its oddities are kept, since a value must not mean one thing to Compose and another one here: a `$`
before anything else is a plain `$`, and an expression does not span lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.yamlfile import Document

_NAME = "[_a-z][_a-z0-9]*"
# Greedy on purpose, as in Compose: where an expression ends is seen in `_closing_brace`.
_TOKEN = re.compile(
    rf"\$(?:(?P<escaped>\$)|(?P<name>{_NAME})|\{{(?:(?P<braced>{_NAME}(?::?[-?+].*)?)\}})?)",
    re.IGNORECASE,
)
_BRACED = re.compile(rf"(?P<name>{_NAME})(?:(?P<form>:?[-?+])(?P<word>.*))?", re.IGNORECASE)


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
        elif token["braced"] is None:
            raise _bad_form(text[position:], where)
        else:
            end = _closing_brace(token["braced"])
            parts.append(_braced(token["braced"][:end], variables, where))
            # What follows the expression was matched with it: `${A:-x} and ${B}`.
            position = token.start("braced") + end + 1
    return "".join([*parts, text[position:]])


def _closing_brace(expression: str) -> int:
    """Where the brace is that closes `expression`; its length where all of it is inside.

    As in Compose, whatever stands right behind an opening brace is not looked at.
    """
    depth, position = 1, 1
    while position < len(expression):
        if expression[position] == "}":
            depth -= 1
            if depth == 0:
                return position
        elif expression[position] == "{":
            depth += 1
            position += 1
        position += 1
    return len(expression)


def _braced(expression: str, variables: Mapping[str, str], where: str) -> str:
    match = _BRACED.fullmatch(expression)
    if match is None:
        raise _bad_form(expression, where)
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
