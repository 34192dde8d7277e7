"""Scan a dump while it streams: find its tables, count their rows, report unexpected statements."""

from __future__ import annotations

import re

from cosmicdeploy.database.dump_format.opening import OPENING_BYTES, opening_fault
from cosmicdeploy.database.dump_format.splitter import Rows, Splitter, name_of
from cosmicdeploy.database.dump_format.statements import first_words, unknown_statement

TRAILER = b"-- Dump completed"
TAIL_BYTES = 1024

# Possessive, so that each byte is read once. A quote after a backslash begins no string: it is an
# escaped quote at the start of a piece, inside a string that the pieces divide.
STRING = re.compile(rb"(?<!\\)'[^'\\]*+(?:\\.[^'\\]*+)*+'", re.DOTALL)
TABLE = re.compile(rb"CREATE TABLE (?:IF NOT EXISTS )?`((?:[^`\n]|``)+)` \(")
SCHEMA_STATEMENT = re.compile(
    rb"(?:/\*!\d+ *)?((?:ALTER|CREATE|DROP) (?:DATABASE|SCHEMA)\b|USE `)[^\n]*", re.IGNORECASE
)
# Dump tools write these around an object that was created while its schema had other defaults.
SCHEMA_DEFAULTS = re.compile(
    rb"\A(ALTER DATABASE )`(?:[^`\n]|``)+` (CHARACTER SET \w+(?: COLLATE \w+)?)\Z"
)
ROWS = re.compile(
    rb"(?:/\*!\d+ *)?(?:INSERT|REPLACE)\b[^`\n(]*(?:`(?:[^`\n]|``)+`)?", re.IGNORECASE
)


class RowCounter:
    """Counts the rows of INSERTs piece by piece, in both forms that dump tools write."""

    def __init__(self) -> None:
        self._string = b""

    def count(self, piece: Rows) -> int:
        """Return the number of rows in this piece.

        A row that the pieces divide counts once: where it ends if each row is one line, else where
        it begins.
        """
        if piece.lines:
            return piece.data.count(b"\n", piece.head)
        # Outside of strings, an opening parenthesis only begins a row.
        bare = STRING.sub(b"", self._string + piece.data[piece.head :])
        known, quote, cut = bare.partition(b"'")
        backslashes = len(cut) - len(cut.rstrip(b"\\"))
        # An odd number of backslashes at the end escapes the first byte of the next piece.
        self._string = quote + b"\\" * (backslashes % 2)
        return known.count(b"(")


class DumpScan:
    """Takes a dump in chunks of any size; memory stays constant.

    `rows` is table → its exact number of rows in the dump. Three sets have the first words of
    statements that do not belong there: `schema_statements` of those that change a schema by name,
    `unknown_rows` of those with rows in a form that dump tools write only with special options,
    `unknown_statements` of others that no dump tool writes. `largest` is the size in bytes of the
    largest statement with rows, and its table.
    """

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.schema_statements: set[str] = set()
        self.unknown_rows: set[str] = set()
        self.unknown_statements: set[str] = set()
        self.largest = (0, "")
        self._tail = b""
        self._head = b""
        self._insert_bytes = 0
        self._splitter = Splitter()
        self._row_counter = RowCounter()

    @property
    def tables(self) -> set[str]:
        """The tables whose structure is in the dump."""
        return set(self.rows)

    @property
    def unexpected(self) -> set[str]:
        """The first words of every statement that does not belong in a dump.

        Includes a last statement without a delimiter, since the database's client would run it.
        """
        left = self._splitter.rest().strip()
        unended = {f"{first_words(left)} … (without an end)"} if left else set()
        return self.schema_statements | self.unknown_rows | self.unknown_statements | unended

    @property
    def opening_fault(self) -> str:
        """What is wrong with the first lines; "" if nothing is."""
        return opening_fault(self._head)

    @property
    def is_complete(self) -> bool:
        """Whether the dump ends with the closing line of its tool."""
        lines = self._tail.rstrip().splitlines()
        return bool(lines) and lines[-1].startswith(TRAILER)

    def feed(self, chunk: bytes) -> None:
        """Scan the next bytes. Raises `BackupError` if a statement never ends."""
        if len(self._head) < OPENING_BYTES:
            self._head += chunk[: OPENING_BYTES - len(self._head)]
        self._tail = (self._tail + chunk[-TAIL_BYTES:])[-TAIL_BYTES:]
        for piece in self._splitter.feed(chunk):
            if isinstance(piece, Rows):
                self._count(piece)
            elif piece.statement:
                self._classify(piece.statement)

    def _count(self, piece: Rows) -> None:
        count = self._row_counter.count(piece)
        self.rows[piece.table] = self.rows.get(piece.table, 0) + count
        self._insert_bytes += len(piece.data)
        if piece.last:
            self.largest = max(self.largest, (self._insert_bytes, piece.table))
            self._insert_bytes = 0

    def _classify(self, statement: bytes) -> None:
        if table := table_of(statement):
            self.rows.setdefault(table, 0)
        if match := ROWS.match(statement):
            self.unknown_rows.add(_shown(match[0]))
        elif SCHEMA_DEFAULTS.match(statement):
            return  # a load removes the schema's name: see `without_schema_name`
        elif match := SCHEMA_STATEMENT.match(statement):
            self.schema_statements.add(_shown(match[0]))
        elif words := unknown_statement(statement):
            self.unknown_statements.add(words)


def table_of(statement: bytes) -> str | None:
    """Return the table that a statement creates; None if it creates none."""
    match = TABLE.match(statement)
    return name_of(match[1]) if match else None


def without_schema_name(statement: bytes) -> bytes:
    """Remove the schema's name from an ALTER DATABASE, so that it applies to the current schema."""
    return SCHEMA_DEFAULTS.sub(rb"\1\2", statement)


def _shown(statement: bytes) -> str:
    return statement[:200].decode("utf-8", "replace")
