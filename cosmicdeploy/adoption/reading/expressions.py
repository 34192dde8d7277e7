"""Find the variables in values as written, such as `${TAG:-1}`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# `$$` is matched without a name: it is a dollar sign, no variable.
_START = re.compile(r"\$(?:\$|(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*))")


@dataclass(frozen=True)
class Expression:
    """A variable in a text, with the positions of its first character and of the one after it."""

    name: str
    start: int
    end: int


def expressions(text: str) -> Iterator[Expression]:
    """Yield the outermost variables of a text; those in the default of another are left out."""
    position = 0
    while (match := _START.search(text, position)) is not None:
        position = match.end()
        if match["name"]:
            yield Expression(match["name"], match.start(), position)
        elif match["braced"]:
            position = _closing(text, position)
            yield Expression(match["braced"], match.start(), position)


def only_variable(text: object) -> str:
    """Return the name of the variable that a value consists of; "" if there is more or none."""
    if not isinstance(text, str):
        return ""
    found = list(expressions(text.strip()))
    is_all = len(found) == 1 and found[0].start == 0 and found[0].end == len(text.strip())
    return found[0].name if is_all else ""


def without_expressions(text: str, placeholder: str = "") -> str:
    """Return the text with a placeholder for each variable; `{}` in a placeholder is its name."""
    parts, position = [], 0
    for each in expressions(text):
        parts += [text[position : each.start], placeholder.replace("{}", each.name)]
        position = each.end
    return "".join([*parts, text[position:]])


def _closing(text: str, position: int) -> int:
    """Return the position after the brace that closes an expression."""
    depth = 1
    while position < len(text) and depth:
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        position += 1
    return position
