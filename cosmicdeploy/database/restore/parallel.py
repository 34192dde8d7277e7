"""Rows on several connections side by side."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Full, Queue
from socket import SHUT_RDWR

import pymysql

from cosmicdeploy.database.access import (
    READ_TIMEOUT,
    DatabaseAccess,
    connected,
    error_code,
    open_session,
)
from cosmicdeploy.database.restore.refusals import without_values
from cosmicdeploy.errors import BackupError, DatabaseError
from cosmicdeploy.signals import interruptible

MOST_LANES = 4
TRIES = 3
# The server undid the statement by itself and asks for another try.
DEADLOCK, LOCK_TIMEOUT = 1213, 1205
# A connection may have nothing to do while another loads a large table.
PATIENCE = b"SET SESSION wait_timeout = 28800, lock_wait_timeout = 60"
GREETING_SECONDS = 30
END_SECONDS = 10
TABLE = re.compile(rb"(?:INSERT INTO|(?:ALTER|CREATE) TABLE) `(?:[^`\n]|``)+`")


def lanes_of_this_machine() -> int:
    """As many as help: the server and its clients share the cores."""
    return max(2, min(os.cpu_count() or 2, MOST_LANES))


class Lane:
    """One connection for statements as raw bytes. Errors come as `BackupError`.

    A statement may go on for `silence` seconds without a word; None: for ever.
    """

    def __init__(
        self,
        access: DatabaseAccess,
        schema: str,
        settings: Sequence[bytes] = (),
        silence: float | None = None,
    ) -> None:
        self._connection = connected(access, schema, silence=GREETING_SECONDS, push=READ_TIMEOUT)
        for statement in (PATIENCE, *settings):
            self.run(statement)
        # The driver has no other way to wait longer for work than for a greeting.
        self._connection._read_timeout = silence  # type: ignore[attr-defined]

    def run(self, statement: bytes | bytearray) -> None:
        """Run one statement to its end; the server refuses a second one behind it."""
        for left in reversed(range(TRIES)):
            try:
                with interruptible():
                    self._connection.query(memoryview(statement))  # else the driver copies it
            except pymysql.MySQLError as error:
                if not left or error_code(error) not in (DEADLOCK, LOCK_TIMEOUT):
                    # Its own words may hold a row's values, and --verbose shows causes.
                    raise _refused(error, statement) from None
            else:
                return

    @property
    def id(self) -> int:
        """The server's number for this connection."""
        return int(self._connection.thread_id())  # type: ignore[no-untyped-call]

    def hang_up(self) -> None:
        """Let whoever waits for the server's answer get an error instead."""
        with suppress(OSError, AttributeError):  # it has ended by itself
            self._connection._sock.shutdown(SHUT_RDWR)  # type: ignore[attr-defined]

    def close(self) -> None:
        """End the connection, in whatever state it is."""
        with suppress(pymysql.MySQLError):
            self._connection.close()


class Lanes:
    """Takes statements that may run in any order, and runs them on `count` connections.

    At most one statement waits for each connection. After an error every `put` raises it.
    """

    def __init__(
        self,
        access: DatabaseAccess,
        schema: str,
        settings: Sequence[bytes],
        count: int,
        silence: float | None = None,
    ) -> None:
        self._access = access
        self._queue: Queue[bytes] = Queue(maxsize=count)
        self._errors: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self._lanes: list[Lane] = []
        try:
            for _ in range(count):
                self._lanes.append(Lane(access, schema, settings, silence))
        except BaseException:
            for lane in self._lanes:
                lane.close()
            raise
        for lane in self._lanes:
            thread = threading.Thread(target=self._work, args=(lane,), name="lane", daemon=True)
            thread.start()
            self._threads.append(thread)

    def put(self, statement: bytes) -> None:
        """Hand over a statement; waits while every connection is busy."""
        with interruptible():
            self._queue.put(statement)
        self._raise()

    def close(self, *, abandon: bool = False) -> None:
        """Wait until all is done, or end what runs already; no connection is left."""
        if abandon:
            self._errors.append(BackupError("abandoned"))
            self._kill()
        limit = END_SECONDS if abandon else None
        with suppress(Full), interruptible():
            for _ in self._threads:
                self._queue.put(b"", timeout=limit)
        for thread in self._threads:
            with interruptible():
                thread.join(limit)
        if not abandon:
            self._raise()

    def _kill(self) -> None:
        # A statement may take long, and a server goes on with it when its client is gone.
        with suppress(DatabaseError), open_session(self._access, END_SECONDS) as session:
            for lane in self._lanes:
                with suppress(DatabaseError):  # it has ended by itself
                    session.execute("KILL %s", lane.id)
        for lane in self._lanes:  # a frozen server does not answer, but nobody has to wait for it
            lane.hang_up()

    def _raise(self) -> None:
        if self._errors:
            raise self._errors[0]

    def _work(self, lane: Lane) -> None:
        # After an error the queue is still emptied, so that nobody waits for room in it.
        while statement := self._queue.get():
            if not self._errors:
                try:
                    lane.run(statement)
                except BaseException as error:  # handed to the thread that puts
                    self._errors.append(error)
        lane.close()


@contextmanager
def ended(lanes: Lanes) -> Iterator[Lanes]:
    """All is done at the end of the block, or abandoned where that raises."""
    try:
        yield lanes
        lanes.close()
    except BaseException:
        lanes.close(abandon=True)
        raise


def _refused(error: pymysql.MySQLError, statement: bytes | bytearray) -> BackupError:
    head = TABLE.match(statement)
    shown = head[0] if head else bytes(statement[:80]).partition(b"(")[0]
    message = " ".join(str(argument) for argument in error.args[1:])
    code = error_code(error)
    return BackupError(
        "the backup did not load: the database refused a statement",
        todo="the live schema is untouched; see the database's own words",
        details=[
            f"ERROR {code}: {without_values(code, message)}",
            f"at: {shown[:80].decode('utf-8', 'replace')}",
        ],
    )
