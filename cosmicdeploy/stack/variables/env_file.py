"""The lines of an env file, read as Compose v2 reads them.

Not by python-dotenv: it takes tabs, colons, escapes and the text behind a closing quote otherwise,
and does not tell which quotes a value stood in, on which depends whether `$` means a variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from cosmicdeploy.files.bounds import UNUSABLE

_BLANK = "\t\v\f\r \x85\xa0"
_FAR_SPACE = "\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_SPACE = f"\n{_BLANK}{_FAR_SPACE}"
_BETWEEN = re.compile(rf"(?:[{_SPACE}]|\#[^\n]*)*")
# Possessive (`*+`): no second try at where blanks are divided, of which there are many.
_BINDING = re.compile(
    rf"(?:export(?=[\t\n\f\r ])[{_BLANK}]*+)?"
    rf"(?P<name>[\w.\-\[\]{_BLANK}]*+)(?P<end>[=:\n]|\Z)[{_BLANK}]*"
)
_QUOTED = re.compile(r"(?P<quote>['\"])(?P<text>(?:\\.|(?!(?P=quote))[^\\])*)(?P=quote)", re.DOTALL)
_UNQUOTED = re.compile(r"[^\n]*\n?")
# Compose's own list; `\0` is the beginning of an octal number of three digits.
_ESCAPE = re.compile(r"\\(?:[abcfnrtv$\"\\]|0[0-9]{0,3})")
_MEANT = {
    r"\a": "\a", r"\b": "\b", r"\f": "\f", r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\v": "\v",
    r"\\": "\\", r"\"": '"', r"\$": "$$", r"\c": r"\c",
}  # fmt: skip


class BadLine(ValueError):
    """A line that has no meaning; the text says why and shows nothing of it."""

    def __init__(self, line: int, why: str, todo: str) -> None:
        super().__init__(why)
        self.line = line
        self.todo = todo


@dataclass(frozen=True)
class Binding:
    """A name and its value; None for a name alone. Variables in it count unless it `is_literal`."""

    line: int
    name: str
    value: str | None = field(default=None, repr=False)
    is_literal: bool = False


def bindings(text: str) -> Iterator[Binding]:
    """Each name with its value, from top to bottom. Raises `BadLine`."""
    line, counted, position = 1, 0, _skipped(text, 0)
    while position < len(text):
        line, counted = line + text.count("\n", counted, position), position
        binding, position = _binding(text, position, line)
        if UNUSABLE.search(binding.value or ""):
            raise BadLine(line, "has a NUL character in its value", "remove it")
        if binding.name:
            yield binding
        position = _skipped(text, position)


def _skipped(text: str, position: int) -> int:
    """Where the next name begins, behind empty lines and comments."""
    between = _BETWEEN.match(text, position)
    return between.end() if between else position


def _binding(text: str, start: int, line: int) -> tuple[Binding, int]:
    match = _BINDING.match(text, start)
    if match is None:
        raise BadLine(line, "is not NAME=value", "check the name and the quotes")
    name = match["name"].rstrip()
    if re.search(r"\s", name):
        raise BadLine(line, "has a blank in its name", "check the name and the quotes")
    if match["end"] == "":
        raise BadLine(line, "is a name without a line end", "end the line, or write NAME=value")
    if match["end"] == "\n":
        return Binding(line, name), match.end()
    if not name:
        raise BadLine(line, "has no name", "write NAME=value")
    value, is_literal, end = _value(text, match.end(), line)
    return Binding(line, name, value, is_literal), end


def _value(text: str, start: int, line: int) -> tuple[str, bool, int]:
    """The value that begins at `start`, whether it is literal, and where it ends."""
    if not text.startswith(("'", '"'), start):
        end = _UNQUOTED.match(text, start).end()  # type: ignore[union-attr] # matches anything
        plain = text[start:end].partition("\n")[0].partition(" #")[0]
        return plain.rstrip(_SPACE), False, end
    match = _QUOTED.match(text, start)
    if match is None:
        raise BadLine(line, "has a quote that is not closed", "close it, or write \\ before it")
    quote = match["quote"]
    value = re.sub(
        r"\\(.)", lambda pair: quote if pair[1] == quote else pair[0], match["text"], flags=re.S
    )
    is_literal = quote == "'"
    return value if is_literal else _ESCAPE.sub(_unescaped, value), is_literal, match.end()


def _unescaped(escape: re.Match[str]) -> str:
    if not escape[0].startswith(r"\0"):
        return _MEANT[escape[0]]
    digits = escape[0][2:]
    if re.fullmatch("[0-3][0-7]{2}", digits):
        return chr(int(digits, 8))
    return "\\" + digits  # Compose drops the 0 of a number that is none
