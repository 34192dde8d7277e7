"""Split the text of a dump into statements, as the database's own client does.

Rows are most of a dump, and the dump tools escape every line end in them, so an INSERT ends at the
first line that ends with `);`. All other text is read token by token, with respect to quotes,
comments and DELIMITER.
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
# Enough for the name and the list of columns before the rows.
INSERT_HEAD = 1 << 20
END_OF_ROWS = b");\n"
IGNORED = re.compile(rb"(?:\s+|--(?=[ \t\n])[^\n]*\n|#[^\n]*\n|" + SANDBOX + rb")+")
DELIMITER = re.compile(rb"DELIMITER (\S+)[^\n]*\n")
# A doubled quote needs no special case: it reads as the end of one string and the start of another.
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
# No server takes a longer statement by default. Bounded, since each call of `feed` reads an
# unfinished statement again from its start.
LONGEST_TEXT = 16 << 20


@dataclass(frozen=True)
class Text:
    """A statement other than an INSERT, or text between two; `data` includes the delimiter."""

    data: bytes
    statement: bytes = b""


@dataclass(frozen=True)
class Rows:
    """A piece of an INSERT; `lines` if each row is on its own line.

    `head` is the number of bytes before the first row, 0 in all but the first piece.
    """

    table: str
    data: bytes
    lines: bool
    head: int
    last: bool


class Splitter:
    """Takes a dump in chunks of any size; the joined pieces are the same bytes."""

    def __init__(self) -> None:
        self._left = b""
        self._delimiter = b";"
        self._hiding = HIDING
        self._insert: tuple[str, bool] | None = None

    def feed(self, chunk: bytes) -> Iterator[Text | Rows]:
        """Yield the complete statements so far, and all rows even of an unfinished INSERT."""
        self._left += chunk
        position = 0
        while position < len(self._left) and (piece := self._next(position)):
            position += len(piece.data)
            yield piece
        self._left = self._left[position:]
        if len(self._left) > LONGEST_TEXT:
            raise BackupError(
                "The dump holds a statement that never ends",
                todo="take another backup, or use another one: `cosmicdeploy backup list`",
                details=[self._left[:200].decode("utf-8", "replace")],
            )

    def rest(self) -> bytes:
        """Return the bytes after the last complete statement."""
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
        # The last bytes may be the beginning of END_OF_ROWS.
        stop = end + len(END_OF_ROWS) if last else len(self._left) - len(END_OF_ROWS) + 1
        if stop <= start + head:
            return None
        self._insert = None if last else (table, lines)
        return Rows(table, self._left[start:stop], lines, head, last)

    def _between(self, start: int) -> Text | None:
        if match := IGNORED.match(self._left, start):
            return Text(match[0])
        if match := DELIMITER.match(self._left, start):
            self._delimiter = match[1]
            return Text(match[0])
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
        tokens = re.compile(HIDERS + re.escape(self._delimiter))
        position = start
        while match := tokens.search(self._left, position):
            if match[0] == self._delimiter:
                return match.end()
            hidden = self._hiding[match[0][:1]].match(self._left, match.start())
            if hidden is None:
                return None
            position = hidden.end()
        return None


def name_of(quoted: bytes) -> str:
    """Return a name, given the text between its backticks."""
    return quoted.decode("utf-8", "replace").replace("``", "`")
