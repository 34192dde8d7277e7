"""Which part of a dump goes where when it is loaded.

Tables are made, and rows are sent, as they come by; everything else (triggers, views, routines)
waits in `rest`, in its order. Nothing is run that no dump tool writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Protocol

from cosmicdeploy.database.dump_format.scan import DEFAULTS, nameless, table_of
from cosmicdeploy.database.dump_format.splitter import Rows, Splitter, Text
from cosmicdeploy.database.dump_format.statements import bare, first_words, unwritten
from cosmicdeploy.database.restore.deferred_indexes import Deferred, deferred
from cosmicdeploy.database.restore.packets import LARGEST_SETTING, require_sendable
from cosmicdeploy.errors import BackupError

# Of larger statements only one is kept at a time.
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
    """Takes statements in their order."""

    def put(self, statement: bytes) -> None: ...


class Sorting:
    """Feed it a dump in chunks; what it meets goes to `run`, to the rows' stream, or to `rest`.

    `open_rows` is called with the dump's own settings when the first rows come. Tables named as
    `large` are made without their secondary indexes where that is safe; `deferred` brings these.
    """

    def __init__(
        self,
        run: Callable[[bytes | bytearray], None],
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

    def feed(self, chunk: bytes) -> None:
        """Sort the next bytes. Raises what the three targets raise, and `BackupError` where no dump
        tool writes a statement, or one with rows is larger than the server takes."""
        for piece in self._splitter.feed(chunk):
            if isinstance(piece, Rows):
                self._take_rows(piece)
            else:
                self._take_text(piece)

    def end(self) -> None:
        """Raise `BackupError` where the last statement has no end."""
        left = bytes(self._insert) or self._splitter.rest().strip()
        if left:
            raise _unknown(f"{first_words(left)} … (without an end)")

    def _take_rows(self, piece: Rows) -> None:
        self._insert_bytes += len(piece.data)
        if self._insert_bytes <= self._limit:
            self._insert += piece.data
        if not piece.last:
            return
        require_sendable(self._insert_bytes, piece.table, self._limit, "this server")
        # The driver sends one statement at a time and takes no delimiter.
        del self._insert[-len(b";\n") :]
        if len(self._insert) > LARGEST_STATEMENT:
            self._run(self._insert)
        else:
            self._stream().put(bytes(self._insert))
        self._insert_bytes, self._insert = 0, bytearray()

    def _stream(self) -> Rowstream:
        if self._rows is None:
            self._rows = self._open_rows(self.settings)
        return self._rows

    def _take_text(self, piece: Text) -> None:
        statement = piece.statement
        if not statement:
            return
        if not DEFAULTS.match(statement) and (words := unwritten(statement)):
            raise _unknown(words)
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
        self._rest.put(nameless(statement))

    def _slimmed(self, statement: bytes) -> bytes:
        later = deferred(statement) if table_of(statement) in self._large else None
        if later is None:
            return statement
        self.deferred.append(later)
        return later.create


def _unknown(words: str) -> BackupError:
    return BackupError(
        f"the backup did not load: it holds what no dump tool writes: {words}",
        todo="use another backup: cosmicdeploy backup list",
    )


def is_event(statement: bytes) -> bool:
    """Whether a statement makes or drops a scheduled event."""
    return bool(EVENT.match(bare(statement)))


def makes_event(statement: str) -> bool:
    """Whether a statement of a manifest makes an event of the schema that it is run in."""
    raw = statement.encode("utf-8", "replace")
    return raw.startswith(b"CREATE ") and is_event(raw) and not unwritten(raw)
