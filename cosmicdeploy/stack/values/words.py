"""Split a command line into words as Compose v2 does, which differs from what a shell does.

No shell runs a command line of `command` or `entrypoint`. Compose splits the line at blanks, and
drops everything from the first operator (`;`, `&`, `|`, `<`, `>`) on. This module follows the
library that Compose uses (go-shellwords), including its oddities.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_BLANKS = " \t\r\n"
_OPERATORS = ";&|<>"


class UnclosedQuote(ValueError):
    """A quote or `$(` that is not closed, a backslash at the end, or a misplaced `(`."""


@dataclass(frozen=True)
class Words:
    """The words of a command line, and the dropped text from the first operator on."""

    words: tuple[str, ...]
    dropped: str = ""


def split(line: str) -> Words:
    """Split a command line. Raises `UnclosedQuote`."""
    splitter = _Splitter(line)
    end = splitter.run()
    return Words(tuple(splitter.words), line[end:])


@dataclass
class _Splitter:
    """The state at a position of the line.

    `word` is the word so far; None between words. `open` has the quotes, backquotes and `$(` that
    are not closed yet. The text in them is not split. Quotes are dropped from the word, but
    backquotes, `$(` and `)` stay in it.
    """

    line: str
    words: list[str] = field(default_factory=list)
    word: str | None = None
    open: set[str] = field(default_factory=set)

    def run(self) -> int:
        """Read the line up to the first operator, and return its position."""
        position = 0
        while position < len(self.line):
            char = self.line[position]
            if char == "\\" and "'" not in self.open:
                position += 1
                if position == len(self.line):
                    raise UnclosedQuote("a '\\' at its end")
                self._add(self.line[position])
            elif char in _OPERATORS and not self.open:
                self._end_at(char)
                return position
            else:
                self._read(char)
            position += 1
        if self.open:
            raise UnclosedQuote(f"{', '.join(sorted(self.open))} is not closed")
        self._end_word()
        return position

    def _read(self, char: str) -> None:
        if char in _BLANKS:
            self._add(char) if self.open else self._end_word()
        elif char in "'\"" and self._is_quote(char):
            self._toggle(char)
            self.word = self.word or ""
        else:
            if char in "`()":
                self._open_or_close(char)
            self._add(char)

    def _is_quote(self, char: str) -> bool:
        return not self.open & {"$(", '"' if char == "'" else "'"}

    def _open_or_close(self, char: str) -> None:
        """Note a backquote or parenthesis as open or closed, unless it is quoted."""
        if self.open & ({"'", '"', "$("} if char == "`" else {"'", '"', "`"}):
            return
        if char == "(" and ("$(" in self.open or not (self.word or "").endswith("$")):
            raise UnclosedQuote("a '(' outside quotes")
        self._toggle("`" if char == "`" else "$(")

    def _toggle(self, mark: str) -> None:
        self.open ^= {mark}

    def _add(self, char: str) -> None:
        self.word = (self.word or "") + char

    def _end_word(self) -> None:
        if self.word is not None:
            self.words.append(self.word)
        self.word = None

    def _end_at(self, operator: str) -> None:
        """End the last word at an operator.

        Before `>`, a word that begins with a digit is dropped as part of the redirection (`2>`).
        """
        if operator == ">" and self.word and self.word[0] in "0123456789":
            self.word = None
        self._end_word()
