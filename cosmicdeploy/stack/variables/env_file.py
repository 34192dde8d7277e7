"""Parse an env file as Compose v2 does.

The library python-dotenv treats tabs, colons, escapes and text after a closing quote differently.
It also does not report which quotes a value has, and these decide whether `$` starts a variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from cosmicdeploy.files.bounds import UNUSABLE

# Together with the line feed, these are the blanks that Compose skips: those of Go's `IsSpace`.
_BLANK = "\t\v\f\r \x85\xa0"
_FAR_SPACE = "\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_SPACE = f"\n{_BLANK}{_FAR_SPACE}"
_BETWEEN = re.compile(rf"(?:[{_SPACE}]|\#[^\n]*)*")
# Possessive (`*+`), to avoid backtracking over long runs of blanks.
_BINDING = re.compile(
    rf"(?:export(?=[\t\n\f\r ])[{_BLANK}]*+)?"
    rf"(?P<name>[\w.\-\[\]{_BLANK}]*+)(?P<end>[=:\n]|\Z)[{_BLANK}]*"
)
_QUOTED = re.compile(r"(?P<quote>['\"])(?P<text>(?:\\.|(?!(?P=quote))[^\\])*)(?P=quote)", re.DOTALL)
_UNQUOTED = re.compile(r"[^\n]*\n?")
# As in Compose; `\0` starts an octal number of three digits.
_ESCAPE = re.compile(r"\\(?:[abcfnrtv$\"\\]|0[0-9]{0,3})")
# `\$` becomes `$$`: variables are resolved after the escapes, and this makes it a plain `$`.
_ESCAPED = {
    r"\a": "\a", r"\b": "\b", r"\f": "\f", r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\v": "\v",
    r"\\": "\\", r"\"": '"', r"\$": "$$", r"\c": r"\c",
}  # fmt: skip


class BadLine(ValueError):
    """An invalid line; the message never quotes the line, which may hold a secret."""

    def __init__(self, line: int, why: str, todo: str) -> None:
        super().__init__(why)
        self.line = line
        self.todo = todo


@dataclass(frozen=True)
class Binding:
    """A name and its value in an env file, and the number of the line.

    `value` is None for a name without "=". In a literal value, `$` starts no variable.
    """

    line: int
    name: str
    value: str | None = field(default=None, repr=False)
    is_literal: bool = False


def bindings(text: str) -> Iterator[Binding]:
    """Yield each name with its value, from top to bottom. Raises `BadLine`."""
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
    """Return the position of the next name, after empty lines and comments."""
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
    """Return the value that starts at `start`, whether it is literal, and its end position."""
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
        return _ESCAPED[escape[0]]
    digits = escape[0][2:]
    if re.fullmatch("[0-3][0-7]{2}", digits):
        return chr(int(digits, 8))
    return "\\" + digits  # Compose drops the 0 of an invalid number
