"""Scan a dump while it streams: find its tables, count their rows, report unexpected statements."""

from __future__ import annotations

import re
from collections.abc import Callable

from cosmicdeploy.database.dump_format.opening import OPENING_BYTES, opening_fault
from cosmicdeploy.database.dump_format.splitter import Rows, Splitter, name_of
from cosmicdeploy.database.dump_format.statements import first_words, unknown_statement

TRAILER = b"-- Dump completed"
TAIL_BYTES = 1024

# The quantifiers are possessive, so that each byte is read once. A quote after a backslash does not
# begin a string: it is an escaped quote in a string that continues from the previous piece.
STRING = re.compile(rb"(?<!\\)'[^'\\]*+(?:\\.[^'\\]*+)*+'", re.DOTALL)
TABLE = re.compile(rb"CREATE TABLE (?:IF NOT EXISTS )?`((?:[^`\n]|``)+)` \(")
SCHEMA_STATEMENT = re.compile(
    rb"(?:/\*!\d+ *)?((?:ALTER|CREATE|DROP) (?:DATABASE|SCHEMA)\b|USE `)[^\n]*", re.IGNORECASE
)
# Dump tools write such statements around an object that was created while its schema had another
# default character set or collation.
SCHEMA_DEFAULTS = re.compile(
    rb"\A(ALTER DATABASE )`(?:[^`\n]|``)+` (CHARACTER SET \w+(?: COLLATE \w+)?)\Z"
)
ROWS = re.compile(
    rb"(?:/\*!\d+ *)?(?:INSERT|REPLACE)\b[^`\n(]*(?:`(?:[^`\n]|``)+`)?", re.IGNORECASE
)


OnStatement = Callable[[bytes], None]


def ignore_statement(_: bytes) -> None:
    """Do nothing; for callers that need no statements."""


class RowCounter:
    """Counts the rows of INSERTs piece by piece; a row may have a line of its own or not."""

    def __init__(self) -> None:
        self._string = b""

    def count(self, piece: Rows) -> int:
        """Return the number of rows in this piece.

        A row that is divided between two pieces is counted once: in the piece in which the row ends
        if each row has a line of its own, otherwise in the piece in which the row begins.
        """
        if piece.lines:
            return piece.data.count(b"\n", piece.head)
        # Outside of strings, each opening parenthesis begins a row.
        bare = STRING.sub(b"", self._string + piece.data[piece.head :])
        known, quote, cut = bare.partition(b"'")
        backslashes = len(cut) - len(cut.rstrip(b"\\"))
        # After an odd number of backslashes, the first byte of the next piece is escaped.
        self._string = quote + b"\\" * (backslashes % 2)
        return known.count(b"(")


class DumpScan:
    """Scans a dump, in chunks of any size and with constant memory.

    `rows` is table → exact number of rows in the dump. `largest` is the size in bytes of the
    largest statement, and how messages describe this statement. Three sets hold the first words of
    statements that do not belong in a dump:

    - `schema_statements`: they change or select a schema by its name.
    - `unknown_rows`: INSERTs in a form that dump tools write only with special options.
    - `unknown_statements`: no dump tool writes them.

    `on_statement` is called with each complete statement that is not an INSERT of rows, in order.
    """

    def __init__(self, on_statement: OnStatement = ignore_statement) -> None:
        self._on_statement = on_statement
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

        Includes a last statement without a delimiter: the database's client would run it.
        """
        left = self._splitter.rest().strip()
        unended = {f"{first_words(left)} … (without an end)"} if left else set()
        return self.schema_statements | self.unknown_rows | self.unknown_statements | unended

    @property
    def opening_fault(self) -> str:
        """What is wrong with the first lines of the dump; "" if nothing is."""
        return opening_fault(self._head)

    @property
    def is_complete(self) -> bool:
        """Whether the dump ends with the closing line of its tool."""
        lines = self._tail.rstrip().splitlines()
        return bool(lines) and lines[-1].startswith(TRAILER)

    def feed(self, chunk: bytes) -> None:
        """Scan the next bytes. Raises `BackupError` if an unfinished statement is too long."""
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
            self._measure(self._insert_bytes, row_of(piece.table))
            self._insert_bytes = 0

    def _measure(self, size: int, label: str) -> None:
        self.largest = max(self.largest, (size, label))

    def _classify(self, statement: bytes) -> None:
        if len(statement) > self.largest[0]:
            self._measure(len(statement), statement_of(statement))
        self._on_statement(statement)
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


def row_of(table: str) -> str:
    """Return the beginning of a message about an INSERT with a row that is too large."""
    return f"Table {table} has a row"


def statement_of(statement: bytes) -> str:
    """Return the beginning of a message about any other statement that is too large."""
    return f"The dump has a statement ({first_words(statement)})"


def table_of(statement: bytes) -> str | None:
    """Return the table that a statement creates; None if it creates none."""
    match = TABLE.match(statement)
    return name_of(match[1]) if match else None


def without_schema_name(statement: bytes) -> bytes:
    """Remove the schema's name from an ALTER DATABASE, which then changes the current schema."""
    return SCHEMA_DEFAULTS.sub(rb"\1\2", statement)


def _shown(statement: bytes) -> str:
    return statement[:200].decode("utf-8", "replace")
