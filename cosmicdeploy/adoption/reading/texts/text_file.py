"""Texts that are searched, with "file:line" of what is found in them."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

# A larger file is not searched.
MAX_BYTES = 256 << 10
# More places in one text say nothing more.
_MOST_MATCHES = 100
_LONGEST_LINE = 1000


@dataclass(frozen=True)
class SearchedText:
    """A text; `shown` names its file, or the line of the compose file.

    `is_file` is false for a command line or a variable, whose lines have no numbers of their own.
    """

    shown: str
    text: str
    is_file: bool = True

    def matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Yield the first matches of a pattern, without those in comments."""
        for match in islice(pattern.finditer(self.text), _MOST_MATCHES):
            if not self.line(match.start()).lstrip().startswith("#"):
                yield match

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield each line that is no comment, at most its first 1,000 characters, with its place.

        A text that is no file is one line.
        """
        texts = self.text.splitlines() if self.is_file else [self.text]
        for number, text in enumerate(texts, 1):
            if not text.lstrip().startswith("#"):
                yield text[:_LONGEST_LINE], f"{self.shown}:{number}" if self.is_file else self.shown

    def line(self, position: int) -> str:
        """Return the line of a position, at most its first 1,000 characters."""
        start = self.text.rfind("\n", 0, position) + 1
        end = self.text.find("\n", position)
        return self.text[start : len(self.text) if end < 0 else end][:_LONGEST_LINE]

    def place(self, position: int) -> str:
        """Return "file:line" of a position in the text."""
        if not self.is_file:
            return self.shown
        return f"{self.shown}:{self.text.count(chr(10), 0, position) + 1}"

    def place_of_line(self, line: int) -> str:
        """Return "file:line" of a line in the text."""
        return f"{self.shown}:{line}" if self.is_file else self.shown


@dataclass(frozen=True)
class TextFile:
    """A file that may be read: its name in the sources, its path, and how messages name it."""

    name: str
    path: Path
    shown: str

    @property
    def text(self) -> str:
        """The content; "" if it is no text, too large, or cannot be read."""
        return self._content[0]

    @property
    def problem(self) -> str:
        """Why a file that should have a text has none; "" if it has one, or is binary."""
        return self._content[1]

    @property
    def searched(self) -> SearchedText:
        return SearchedText(self.shown, self.text)

    def place(self, position: int) -> str:
        """Return "file:line" of a position in the text."""
        return self.searched.place(position)

    @cached_property
    def _content(self) -> tuple[str, str]:
        try:
            data = _read(self.path)
            return ("", "") if b"\0" in data else (data.decode("utf-8-sig"), "")
        except OSError as error:
            return "", error.strerror or "it cannot be read"
        except UnicodeDecodeError:
            return "", "it is not UTF-8"


def _read(path: Path) -> bytes:
    """Return the content of a regular file, else b"". Raises `OSError`, also if it is too large."""
    status = path.stat()
    # Files of /proc claim to have no size; reading some of them waits for ever.
    if not stat.S_ISREG(status.st_mode) or not status.st_size:
        return b""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise OSError(0, f"it is larger than {MAX_BYTES >> 10} KiB")
    return data
