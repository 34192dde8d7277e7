"""Decide, while a dump is loaded, when and where each of its statements runs.

Tables are created and rows are inserted as they arrive. All other statements (for triggers, views
and routines) are deferred, in order. A statement that no dump tool writes is never run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Protocol

from cosmicdeploy.database.dump_format.scan import (
    SCHEMA_DEFAULTS,
    row_of,
    statement_of,
    table_of,
    without_schema_name,
)
from cosmicdeploy.database.dump_format.splitter import Rows, Splitter
from cosmicdeploy.database.dump_format.statements import (
    first_words,
    unknown_statement,
    without_version_comments,
)
from cosmicdeploy.database.loading.deferred_indexes import DeferredIndexes, defer_indexes
from cosmicdeploy.database.session_settings import ROWS_MODE
from cosmicdeploy.database.tools.server_limits import LARGEST_SETTING, require_sendable
from cosmicdeploy.errors import BackupError

# An INSERT of more bytes is not queued but runs immediately, so that only one is in memory.
LARGEST_QUEUED = 4 << 20

# The dump tool's own mode would replace dates such as February 30 by zeros.
ROWS_SETTING = f"SET SESSION sql_mode = '{ROWS_MODE}'".encode()
SETTING = re.compile(rb"(?:/\*!\d+ )?SET\b", re.IGNORECASE)
# Statements about tables and sequences, which run as they arrive.
STRUCTURE = re.compile(
    rb"(?:DROP TABLE IF EXISTS|CREATE TABLE|DROP SEQUENCE IF EXISTS|CREATE SEQUENCE|(?:DO|SELECT)"
    rb" SETVAL\() *`"
)
# Statements that are left out, since they would make parallel connections wait for each other.
LOCKS = re.compile(
    rb"LOCK TABLES `[^\n]+` WRITE|UNLOCK TABLES"
    rb"|/\*!40000 ALTER TABLE `[^\n]+` (?:DISABLE|ENABLE) KEYS \*/"
)
USER = rb"(?:`(?:[^`]|``)*`|'[^']*'|[\w.%]+)"
EVENT = re.compile(
    rb"\s*(?:CREATE|DROP)\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*"
    + USER
    + rb"(?:@"
    + USER
    + rb")?\s+)?EVENT\b",
    re.IGNORECASE,
)


class StatementSink(Protocol):
    """Takes complete statements."""

    def put(self, statement: bytes) -> None: ...


class Router:
    """Takes a dump in chunks, and passes each statement to `run`, to the row sink, or to `rest`.

    - `run` runs a statement immediately.
    - `open_rows` opens the row sink, which may run INSERTs in any order. It is called when the
      first rows arrive, with `settings`: the SET statements at the start of the dump.
    - `rest` takes the deferred statements.

    Tables in `large` are created without secondary indexes and foreign keys where that is safe;
    `deferred` lists the statements that add these. The server accepts statements of up to `limit`
    bytes. Scheduled events are left out, since the server would run them in the schema of the load.
    """

    def __init__(
        self,
        run: Callable[[bytes | bytearray], None],
        open_rows: Callable[[list[bytes]], StatementSink],
        rest: StatementSink,
        *,
        large: Collection[str] = (),
        limit: int = LARGEST_SETTING,
    ) -> None:
        self.deferred: list[DeferredIndexes] = []
        self.settings: list[bytes] = []
        self._large = large
        self._run = run
        self._open_rows = open_rows
        self._rest = rest
        self._limit = limit
        self._splitter = Splitter()
        self._in_preamble = True
        self._rows: StatementSink | None = None
        self._insert: bytearray = bytearray()
        self._insert_bytes = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises what the three targets raise, and `BackupError` for a statement that no dump tool
        writes or that is larger than the server accepts.
        """
        for piece in self._splitter.feed(chunk):
            if isinstance(piece, Rows):
                self._take_rows(piece)
            elif piece.statement:
                self.take(piece.statement)

    def take(self, statement: bytes) -> None:
        """Take a complete statement that is not an INSERT of rows. Raises what `feed` raises."""
        if not SCHEMA_DEFAULTS.match(statement) and (words := unknown_statement(statement)):
            raise _unknown(words)
        require_sendable(len(statement), statement_of(statement), self._limit, "this server")
        if LOCKS.fullmatch(statement) or is_event(statement):
            return
        if STRUCTURE.match(statement):
            self._in_preamble = False
            self._run(self._without_indexes(statement))
            return
        if SETTING.match(statement):  # needed now, and again for the deferred statements
            self._set(statement)
        self._rest.put(without_schema_name(statement))

    def end(self) -> None:
        """Raise `BackupError` if, after the last chunk, a statement is still unfinished."""
        left = bytes(self._insert) or self._splitter.rest().strip()
        if left:
            raise _unknown(f"{first_words(left)} … (without an end)")

    def _take_rows(self, piece: Rows) -> None:
        self._insert_bytes += len(piece.data)
        if self._insert_bytes <= self._limit:  # a larger INSERT is refused below
            self._insert += piece.data
        if not piece.last:
            return
        require_sendable(self._insert_bytes, row_of(piece.table), self._limit, "this server")
        # The driver sends one statement at a time, without a delimiter.
        del self._insert[-len(b";\n") :]
        if len(self._insert) > LARGEST_QUEUED:
            self._run(self._insert)
        else:
            self._row_sink().put(bytes(self._insert))
        self._insert_bytes, self._insert = 0, bytearray()

    def _row_sink(self) -> StatementSink:
        if self._rows is None:
            self._rows = self._open_rows(self.settings)
        return self._rows

    def _set(self, statement: bytes) -> None:
        """Run a SET; before the first table, also record it for the connections of the rows."""
        settings = [statement]
        if self._in_preamble and b"SQL_MODE" in statement.upper():
            settings.append(ROWS_SETTING)
        for each in settings:
            self._run(each)
        if self._in_preamble:
            self.settings += settings

    def _without_indexes(self, statement: bytes) -> bytes:
        """Return what to run now of a statement; the rest of a large table's goes to `deferred`."""
        later = defer_indexes(statement) if table_of(statement) in self._large else None
        if later is None:
            return statement
        self.deferred.append(later)
        return later.create


def _unknown(words: str) -> BackupError:
    return BackupError(
        f"The backup did not load: no dump tool writes this statement: {words}",
        todo="use another backup: `cosmicdeploy backup list`",
    )


def is_event(statement: bytes) -> bool:
    """Return whether a statement creates or drops a scheduled event."""
    return bool(EVENT.match(without_version_comments(statement)))
