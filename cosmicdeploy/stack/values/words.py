"""Split a command line into words as Compose v2 does, which is not as a shell does it.

Nothing runs a command line of `command` or `entrypoint`: Compose splits it at blanks, and drops
everything from the first operator (`;`, `&`, `|`, `<`, `>`) on. The rules are those of the library
that Compose uses (go-shellwords), with its oddities; the tests compare both.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_BLANKS = " \t\r\n"
_OPERATORS = ";&|<>"


class UnclosedQuote(ValueError):
    """A quote, a backslash or a parenthesis without its other half."""


@dataclass(frozen=True)
class Words:
    """The words of a command line, and what follows them from the first operator on."""

    words: tuple[str, ...]
    dropped: str = ""


def split(line: str) -> Words:
    """Split a command line. Raises `UnclosedQuote`."""
    splitter = _Splitter(line)
    end = splitter.run()
    return Words(tuple(splitter.words), line[end:])


@dataclass
class _Splitter:
    """The state at a position: the word so far (None between words), and what is open.

    Backquotes and `$(` keep their text together, but stay in the word.
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
        """Handle a backquote or parenthesis; between quotes it is plain text."""
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
        """End the last word; the number of a redirection (`2>`) is no word."""
        if operator == ">" and self.word and self.word[0] in "0123456789":
            self.word = None
        self._end_word()
