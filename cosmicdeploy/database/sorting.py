"""Which part of a dump goes where when it is loaded.

Tables are made, and rows are sent, as they come by; everything else (triggers, views, routines, and
whatever is not recognised) waits in `rest`, in its order, for the database's own client.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Protocol

from cosmicdeploy.database.indexes import Deferred, deferred
from cosmicdeploy.database.packets import LARGEST_SETTING, require_sendable
from cosmicdeploy.database.scan import nameless, table_of
from cosmicdeploy.database.splitter import Rows, Splitter, Text
from cosmicdeploy.database.statements import bare

# A larger statement goes to the client, which reads it in pieces.
LARGEST_STATEMENT = 4 << 20

SETTING = re.compile(rb"(?:/\*!\d+ )?SET\b", re.IGNORECASE)
STRUCTURE = re.compile(
    rb"(?:DROP TABLE IF EXISTS|CREATE TABLE|DROP SEQUENCE IF EXISTS|CREATE SEQUENCE|(?:DO|SELECT)"
    rb" SETVAL\() *`"
)
# Made for one connection that loads all; several would only wait for each other.
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


class Rowstream(Protocol):
    """Takes whole INSERT statements, in no particular order."""

    def put(self, statement: bytes) -> None: ...


class Rest(Protocol):
    """Takes text in its order."""

    def write(self, data: bytes, /) -> object: ...


class Sorting:
    """Feed it a dump in chunks; what it meets goes to `run`, to the rows' stream, or to `rest`.

    `open_rows` is called with the dump's own settings when the first rows come. Tables named as
    `large` are made without their secondary indexes where that is safe; `deferred` brings these.
    """

    def __init__(
        self,
        run: Callable[[bytes], None],
        open_rows: Callable[[list[bytes]], Rowstream],
        rest: Rest,
        *,
        large: Collection[str] = (),
        limit: int = LARGEST_SETTING,
        events: bool = False,
    ) -> None:
        self.deferred: list[Deferred] = []
        self.settings: list[bytes] = []
        self._large = large
        self._run = run
        self._open_rows = open_rows
        self._rest = rest
        self._events = events
        self._limit = limit
        self._splitter = Splitter()
        self._in_preamble = True
        self._rows: Rowstream | None = None
        self._insert: bytearray = bytearray()
        self._insert_bytes = 0
        self._oversized = False

    def feed(self, chunk: bytes) -> None:
        """Sort the next bytes. Raises what the three targets raise, and `BackupError` where a
        statement with rows is larger than the server takes."""
        for piece in self._splitter.feed(chunk):
            if isinstance(piece, Rows):
                self._take_rows(piece)
            else:
                self._take_text(piece)

    def end(self) -> None:
        """Whatever was left unfinished is for the client to judge."""
        self._rest.write(bytes(self._insert) + self._splitter.rest())

    def _take_rows(self, piece: Rows) -> None:
        self._insert += piece.data
        self._insert_bytes += len(piece.data)
        if piece.last:
            require_sendable(self._insert_bytes, piece.table, self._limit, "this server")
            self._insert_bytes = 0
        if self._oversized or len(self._insert) > LARGEST_STATEMENT:
            self._oversized = not piece.last
            self._rest.write(bytes(self._insert))
            self._insert = bytearray()
        elif piece.last:
            if self._rows is None:
                self._rows = self._open_rows(self.settings)
            # The driver sends one statement at a time and takes no delimiter.
            self._rows.put(bytes(self._insert).rstrip(b";\n"))
            self._insert = bytearray()

    def _take_text(self, piece: Text) -> None:
        statement = piece.statement
        if LOCKS.fullmatch(statement) or (not self._events and is_event(statement)):
            return
        if STRUCTURE.match(statement):
            self._in_preamble = False
            self._run(self._slimmed(statement))
            return
        if SETTING.match(statement):
            self._run(statement)
            if self._in_preamble:
                self.settings.append(statement)
        self._rest.write(nameless(statement) + piece.data[len(statement) :])

    def _slimmed(self, statement: bytes) -> bytes:
        later = deferred(statement) if table_of(statement) in self._large else None
        if later is None:
            return statement
        self.deferred.append(later)
        return later.create


def is_event(statement: bytes) -> bool:
    """Whether a statement makes or drops a scheduled event."""
    return bool(EVENT.match(bare(statement)))
