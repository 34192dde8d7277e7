"""Take the text of a dump apart into statements, as the database's own client would.

Rows are most of a dump, and the dump tools escape every line end within them: an INSERT ends at the
first line that ends with `);`. All other text is read word by word, so that quotes, comments
and DELIMITER hide what they should.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cosmicdeploy.database.dump_format.opening import SANDBOX
from cosmicdeploy.errors import BackupError

NAME = rb"`(?:[^`\n]|``)+`"
INSERT = re.compile(
    rb"INSERT INTO `((?:[^`\n]|``)+)` (?:\(" + NAME + rb"(?:, ?" + NAME + rb")*\) )?VALUES(\n| )\("
)
# Enough for the name and the list of columns that come before the rows.
INSERT_HEAD = 1 << 20
END_OF_ROWS = b");\n"
IGNORED = re.compile(rb"(?:\s+|--(?=[ \t\n])[^\n]*\n|#[^\n]*\n|" + SANDBOX + rb")+")
DELIMITER = re.compile(rb"DELIMITER (\S+)[^\n]*\n")
# A doubled quote needs no care: it reads as the end of one string and the start of the next.
HIDING = {
    b"'": re.compile(rb"'[^'\\]*(?:\\.[^'\\]*)*'", re.DOTALL),
    b'"': re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL),
    b"`": re.compile(rb"`[^`]*`"),
    b"-": re.compile(rb"--[^\n]*\n"),
    b"#": re.compile(rb"#[^\n]*\n"),
    b"/": re.compile(rb"/\*.*?\*/", re.DOTALL),
}
PLAIN = {  # under NO_BACKSLASH_ESCAPES
    **HIDING,
    b"'": re.compile(rb"'[^']*'"),
    b'"': re.compile(rb'"[^"]*"'),
}
HIDERS = rb"['\"`#]|--(?=[ \t\n])|/\*(?!M?!)|"
# No server takes a longer one unless it is told to; each feed looks at an unfinished one anew.
LONGEST_TEXT = 16 << 20


@dataclass(frozen=True)
class Text:
    """A statement other than rows, or what stands between statements, with its delimiter."""

    data: bytes
    statement: bytes = b""


@dataclass(frozen=True)
class Rows:
    """A piece of an INSERT; `lines` where each row is a line of its own.

    The first piece has `head` bytes before its first row, the others none.
    """

    table: str
    data: bytes
    lines: bool
    head: int
    last: bool


class Splitter:
    """Feed it a dump in chunks of any size; the pieces, put together, are the same bytes."""

    def __init__(self) -> None:
        self._left = b""
        self._delimiter = b";"
        self._hiding = HIDING
        self._insert: tuple[str, bool] | None = None

    def feed(self, chunk: bytes) -> Iterator[Text | Rows]:
        """The pieces that are known to be whole, and of rows whatever has come."""
        self._left += chunk
        position = 0
        while position < len(self._left) and (piece := self._next(position)):
            position += len(piece.data)
            yield piece
        self._left = self._left[position:]
        if len(self._left) > LONGEST_TEXT:
            raise BackupError(
                "the dump holds a statement that never ends",
                todo="see the first words",
                details=[self._left[:200].decode("utf-8", "replace")],
            )

    def rest(self) -> bytes:
        """What came after the last whole statement."""
        return self._left

    def _next(self, start: int) -> Text | Rows | None:
        if self._insert is not None:
            return self._rows(start, 0, *self._insert)
        if self._delimiter == b";" and self._left.startswith(b"INSERT INTO `", start):
            head = INSERT.match(self._left, start)
            if head:
                size = head.end() - 1 - start
                return self._rows(start, size, name_of(head[1]), head[2] == b"\n")
            if len(self._left) - start < INSERT_HEAD and self._left.find(END_OF_ROWS, start) < 0:
                return None
        if self._left.startswith(b"DELIMITER ", start) and self._left.find(b"\n", start) < 0:
            return None
        return self._between(start) or self._statement(start)

    def _rows(self, start: int, head: int, table: str, lines: bool) -> Rows | None:
        end = self._left.find(END_OF_ROWS, start + head)
        last = end >= 0
        # The last bytes may be the first half of the end.
        stop = end + len(END_OF_ROWS) if last else len(self._left) - len(END_OF_ROWS) + 1
        if stop <= start + head:
            return None
        self._insert = None if last else (table, lines)
        return Rows(table, self._left[start:stop], lines, head, last)

    def _between(self, start: int) -> Text | None:
        if found := IGNORED.match(self._left, start):
            return Text(found[0])
        if found := DELIMITER.match(self._left, start):
            self._delimiter = found[1]
            return Text(found[0])
        return None

    def _statement(self, start: int) -> Text | None:
        end = self._end_of_statement(start)
        if end is None:
            return None
        data = self._left[start:end]
        if b"sql_mode" in data[:200].lower():
            self._hiding = PLAIN if b"NO_BACKSLASH_ESCAPES" in data else HIDING
        return Text(data, data[: -len(self._delimiter)].rstrip())

    def _end_of_statement(self, start: int) -> int | None:
        words = re.compile(HIDERS + re.escape(self._delimiter))
        position = start
        while found := words.search(self._left, position):
            if found[0] == self._delimiter:
                return found.end()
            hidden = self._hiding[found[0][:1]].match(self._left, found.start())
            if hidden is None:
                return None
            position = hidden.end()
        return None


def name_of(quoted: bytes) -> str:
    """A name as it is, from what stands between its backticks."""
    return quoted.decode("utf-8", "replace").replace("``", "`")
