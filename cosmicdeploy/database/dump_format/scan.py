"""What a dump says of itself while it streams by."""

from __future__ import annotations

import re

from cosmicdeploy.database.dump_format.opening import OPENING_BYTES, opening_fault
from cosmicdeploy.database.dump_format.splitter import Rows, Splitter, name_of
from cosmicdeploy.database.dump_format.statements import first_words, unknown_statement

TRAILER = b"-- Dump completed"
TAIL_BYTES = 1024

# Possessive, and no escaped quote within a string that was cut begins another one: each piece is
# read once, whatever it holds.
STRING = re.compile(rb"(?<!\\)'[^'\\]*+(?:\\.[^'\\]*+)*+'", re.DOTALL)
TABLE = re.compile(rb"CREATE TABLE (?:IF NOT EXISTS )?`((?:[^`\n]|``)+)` \(")
SCHEMA_STATEMENT = re.compile(
    rb"(?:/\*!\d+ *)?((?:ALTER|CREATE|DROP) (?:DATABASE|SCHEMA)\b|USE `)[^\n]*", re.IGNORECASE
)
# Stands around objects that remember other defaults of their schema than it has now.
DEFAULTS = re.compile(
    rb"\A(ALTER DATABASE )`(?:[^`\n]|``)+` (CHARACTER SET \w+(?: COLLATE \w+)?)\Z"
)
ROWS = re.compile(
    rb"(?:/\*!\d+ *)?(?:INSERT|REPLACE)\b[^`\n(]*(?:`(?:[^`\n]|``)+`)?", re.IGNORECASE
)


class RowCounter:
    """Counts the rows in the pieces of INSERTs, in either form that dump tools write."""

    def __init__(self) -> None:
        self._string = b""

    def count(self, piece: Rows) -> int:
        """The rows that begin in this piece, or end in it where each is a line."""
        if piece.lines:
            return piece.data.count(b"\n", piece.head)
        # A row begins with the only parenthesis that is not within a string.
        bare = STRING.sub(b"", self._string + piece.data[piece.head :])
        known, quote, cut = bare.partition(b"'")
        backslashes = len(cut) - len(cut.rstrip(b"\\"))
        self._string = quote + b"\\" * (backslashes % 2)  # a backslash and its character may be cut
        return known.count(b"(")


class DumpScan:
    """Feed it the dump in chunks of any size; memory stays constant.

    `rows` counts each table's rows, exactly, as they are in the dump; `unknown_rows` has the first
    words of statements with rows in a form that no dump tool writes unless it is told to;
    `unwritten` those of statements that none writes at all. `largest` is the size in bytes of the
    largest statement with rows, and its table.
    """

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.schema_statements: set[str] = set()
        self.unknown_rows: set[str] = set()
        self.unknown_statements: set[str] = set()
        self.largest = (0, "")
        self.tail = b""
        self._head = b""
        self._insert_bytes = 0
        self._splitter = Splitter()
        self._row_counter = RowCounter()

    @property
    def tables(self) -> set[str]:
        """The tables whose structure was seen."""
        return set(self.rows)

    @property
    def unexpected(self) -> set[str]:
        """What stands in the whole dump and should not, in its first words: a client runs even a
        last statement that has no end."""
        left = self._splitter.rest().strip()
        unended = {f"{first_words(left)} … (without an end)"} if left else set()
        return self.schema_statements | self.unknown_rows | self.unknown_statements | unended

    @property
    def opening_fault(self) -> str:
        """What is wrong with the first lines; "" where nothing is."""
        return opening_fault(self._head)

    @property
    def complete(self) -> bool:
        """Whether the dump ends with the tool's own closing line."""
        lines = self.tail.rstrip().splitlines()
        return bool(lines) and lines[-1].startswith(TRAILER)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes into account. Raises `BackupError` where a statement never ends."""
        if len(self._head) < OPENING_BYTES:
            self._head += chunk[: OPENING_BYTES - len(self._head)]
        self.tail = (self.tail + chunk[-TAIL_BYTES:])[-TAIL_BYTES:]
        for piece in self._splitter.feed(chunk):
            if isinstance(piece, Rows):
                self._count(piece)
            elif piece.statement:
                self._recognise(piece.statement)

    def _count(self, piece: Rows) -> None:
        count = self._row_counter.count(piece)
        self.rows[piece.table] = self.rows.get(piece.table, 0) + count
        self._insert_bytes += len(piece.data)
        if piece.last:
            self.largest = max(self.largest, (self._insert_bytes, piece.table))
            self._insert_bytes = 0

    def _recognise(self, statement: bytes) -> None:
        if table := table_of(statement):
            self.rows.setdefault(table, 0)
        if found := ROWS.match(statement):
            self.unknown_rows.add(_shown(found[0]))
        elif DEFAULTS.match(statement):
            return  # `nameless` makes it one about the schema that it is loaded into
        elif found := SCHEMA_STATEMENT.match(statement):
            self.schema_statements.add(_shown(found[0]))
        elif words := unknown_statement(statement):
            self.unknown_statements.add(words)


def table_of(statement: bytes) -> str | None:
    """The table that a statement creates, if it does."""
    found = TABLE.match(statement)
    return name_of(found[1]) if found else None


def without_schema_name(statement: bytes) -> bytes:
    """The same, but about the current schema where it gives defaults to one by its name."""
    return DEFAULTS.sub(rb"\1\2", statement)


def _shown(statement: bytes) -> str:
    return statement[:200].decode("utf-8", "replace")
