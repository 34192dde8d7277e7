"""Run statements of a dump through several connections in parallel."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Full, Queue
from typing import ClassVar

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.loading.connection import LoadConnection
from cosmicdeploy.database.session import open_session
from cosmicdeploy.errors import BackupError, DatabaseError
from cosmicdeploy.process.signals import interruptible

MAX_CONNECTIONS = 4
# How long to wait for each thread to end when its statements are abandoned.
END_SECONDS = 10


def connection_count() -> int:
    """Return the number of connections for a load: one for each core, but at least 2, at most 4."""
    return max(2, min(os.cpu_count() or 2, MAX_CONNECTIONS))


OnRefusal = Callable[[bytes, BackupError], None]


def fail(_statement: bytes, refusal: BackupError) -> None:
    """Raise the error of a statement that the server refused."""
    raise refusal


class ParallelConnections:
    """Takes blocks of statements that may run in any order, and runs them on `count` connections.

    The statements of a block run one after the other on one connection, which first runs
    `settings`. At most `queued` blocks wait for each connection. `on_refusal` is called, in another
    thread, with each statement that the server refuses permanently. If it raises an error, `put`
    and `close` raise that error too. `read_timeout` as in `LoadConnection`.
    """

    queued: ClassVar[int] = 1

    def __init__(
        self,
        access: DatabaseAccess,
        schema: str,
        settings: Sequence[bytes],
        count: int,
        read_timeout: float | None = None,
        on_refusal: OnRefusal = fail,
    ) -> None:
        self._access = access
        self._on_refusal = on_refusal
        self._queue: Queue[Sequence[bytes]] = Queue(maxsize=self.queued * count)
        self._errors: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self._connections: list[LoadConnection] = []
        try:
            for _ in range(count):
                self._connections.append(LoadConnection(access, schema, settings, read_timeout))
        except BaseException:
            for connection in self._connections:
                connection.close()
            raise
        for connection in self._connections:
            thread = threading.Thread(
                target=self._work, args=(connection,), name="load", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def put(self, *block: bytes) -> None:
        """Queue a block of at least one statement; wait while the queue is full."""
        with interruptible():
            self._queue.put(block)
        self._raise()

    def stop(self) -> None:
        """End running statements and drop queued ones, so that no other thread waits in `put`.

        Each later `put` raises an error. The connections still have to be closed.
        """
        self._errors.append(BackupError("Abandoned"))
        self._kill()

    def close(self, *, abandon: bool = False) -> None:
        """Wait until all statements have run, then close the connections.

        With `abandon`, end running statements and drop queued ones instead, and raise no error.
        """
        if abandon:
            self.stop()
        limit = END_SECONDS if abandon else None
        with suppress(Full), interruptible():
            for _ in self._threads:  # an empty block ends the thread that takes it
                self._queue.put((), timeout=limit)
        for thread in self._threads:
            with interruptible():
                thread.join(limit)
        if not abandon:
            self._raise()

    def _kill(self) -> None:
        # A statement may take long, and the server continues it even if its client has gone.
        with suppress(DatabaseError), open_session(self._access, END_SECONDS) as session:
            for connection in self._connections:
                with suppress(DatabaseError):  # this connection has ended by itself
                    session.execute("KILL %s", connection.id)
        for connection in self._connections:  # so that no thread waits for a server that hangs
            connection.hang_up()

    def _raise(self) -> None:
        if self._errors:
            raise self._errors[0]

    def _work(self, connection: LoadConnection) -> None:
        # After an error, keep taking blocks off the queue, so that no `put` waits for room.
        while block := self._queue.get():
            if not self._errors:
                try:
                    self._run(connection, block)
                except BaseException as error:  # raised again by `put` and `close`
                    self._errors.append(error)
        connection.close()

    def _run(self, connection: LoadConnection, block: Sequence[bytes]) -> None:
        for statement in block:
            try:
                connection.run(statement)
            except BackupError as refusal:
                self._on_refusal(statement, refusal)


@contextmanager
def closing_connections(connections: ParallelConnections) -> Iterator[ParallelConnections]:
    """Wait for all statements at the end of the block, or abandon them if the block raises."""
    try:
        yield connections
        connections.close()
    except BaseException:
        connections.close(abandon=True)
        raise
