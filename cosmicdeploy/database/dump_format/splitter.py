"""Split the text of a dump into statements, as the database's own client does.

Most of a dump consists of INSERTs. Dump tools escape line breaks in values, so an INSERT ends at
the first line that ends with `);`, and its values need not be read. All other text is read token by
token: quotes, comments and DELIMITER have their usual meaning in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cosmicdeploy.database.dump_format.opening import SANDBOX
from cosmicdeploy.database.dump_format.statements import first_words
from cosmicdeploy.errors import BackupError

NAME = rb"`(?:[^`\n]|``)+`"
INSERT = re.compile(
    rb"INSERT INTO `((?:[^`\n]|``)+)` (?:\(" + NAME + rb"(?:, ?" + NAME + rb")*\) )?VALUES(\n| )\("
)
# Enough for the table's name and the list of columns before the rows.
INSERT_HEAD_BYTES = 1 << 20
END_OF_ROWS = b");\n"
IGNORED = re.compile(rb"(?:\s+|--(?=[ \t\n])[^\n]*\n|#[^\n]*\n|" + SANDBOX + rb")+")
DELIMITER = re.compile(rb"DELIMITER (\S+)[^\n]*\n")
# First byte → pattern of a string, quoted name or comment. A delimiter in these has no meaning. A
# doubled quote needs no special case: it reads as the end of one string and the start of another.
HIDDEN = {
    b"'": re.compile(rb"'[^'\\]*(?:\\.[^'\\]*)*'", re.DOTALL),
    b'"': re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL),
    b"`": re.compile(rb"`[^`]*`"),
    b"-": re.compile(rb"--[^\n]*\n"),
    b"#": re.compile(rb"#[^\n]*\n"),
    b"/": re.compile(rb"/\*.*?\*/", re.DOTALL),
}
HIDDEN_NO_BACKSLASH = {  # under NO_BACKSLASH_ESCAPES
    **HIDDEN,
    b"'": re.compile(rb"'[^']*'"),
    b'"': re.compile(rb'"[^"]*"'),
}
# The starts of strings, quoted names and comments, as the first alternatives of a regular
# expression. A version comment (/*!) is not among them, since the server runs its content.
HIDDEN_STARTS = rb"['\"`#]|--(?=[ \t\n])|/\*(?!M?!)|"
# In bytes: the longest statement that MariaDB accepts by default. There is a limit, since each call
# of `feed` reads an unfinished statement again from its start.
LONGEST_TEXT = 16 << 20


@dataclass(frozen=True)
class Text:
    """A statement that is not an INSERT of rows, or text between statements.

    `data` holds all bytes of the text. `statement` is the statement without its delimiter, empty
    for text between statements.
    """

    data: bytes
    statement: bytes = b""


@dataclass(frozen=True)
class Rows:
    """An INSERT, or a piece of it.

    `lines`: each row has a line of its own. `head` is the number of bytes before the first row, 0
    except in the first piece. `last`: the INSERT ends with this piece.
    """

    table: str
    data: bytes
    lines: bool
    head: int
    last: bool


class Splitter:
    """Takes a dump in chunks of any size, and divides it into pieces without losing a byte."""

    def __init__(self) -> None:
        self._left = b""
        self._delimiter = b";"
        self._hidden = HIDDEN
        self._insert: tuple[str, bool] | None = None

    def feed(self, chunk: bytes) -> Iterator[Text | Rows]:
        """Take the next bytes; yield complete statements, and pieces of an unfinished INSERT.

        Raises `BackupError` if an unfinished statement exceeds 16 MiB, unless it inserts rows.
        """
        self._left += chunk
        position = 0
        while position < len(self._left) and (piece := self._next(position)):
            position += len(piece.data)
            yield piece
        self._left = self._left[position:]
        if len(self._left) > LONGEST_TEXT:
            raise BackupError(
                f"The dump holds a statement that exceeds {LONGEST_TEXT >> 20} MiB or never ends",
                todo="use another backup: `cosmicdeploy backup list`; or take a new one",
                details=[first_words(self._left)],
            )

    def rest(self) -> bytes:
        """Return the bytes that `feed` has not yielded yet: an unfinished statement."""
        return self._left

    def _next(self, start: int) -> Text | Rows | None:
        """Return the piece that begins at `start`; None if that takes more bytes of the dump."""
        if self._insert is not None:
            return self._rows(start, 0, *self._insert)
        if self._delimiter == b";" and self._left.startswith(b"INSERT INTO `", start):
            head = INSERT.match(self._left, start)
            if head:
                size = head.end() - 1 - start
                return self._rows(start, size, name_of(head[1]), head[2] == b"\n")
            if (
                len(self._left) - start < INSERT_HEAD_BYTES
                and self._left.find(END_OF_ROWS, start) < 0
            ):
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
        """Return text between statements, such as a comment; None if a statement begins here."""
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
            self._hidden = HIDDEN_NO_BACKSLASH if b"NO_BACKSLASH_ESCAPES" in data else HIDDEN
        return Text(data, data[: -len(self._delimiter)].rstrip())

    def _end_of_statement(self, start: int) -> int | None:
        tokens = re.compile(HIDDEN_STARTS + re.escape(self._delimiter))
        position = start
        while match := tokens.search(self._left, position):
            if match[0] == self._delimiter:
                return match.end()
            hidden = self._hidden[match[0][:1]].match(self._left, match.start())
            if hidden is None:
                return None
            position = hidden.end()
        return None


def name_of(quoted: bytes) -> str:
    """Return a name from the text between its backticks, in which backticks are doubled."""
    return quoted.decode("utf-8", "replace").replace("``", "`")
