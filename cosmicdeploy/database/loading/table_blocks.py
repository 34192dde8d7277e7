"""Divide the statements of a dump into blocks that create one table each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

from cosmicdeploy.database.dump_format.scan import table_of
from cosmicdeploy.database.loading.parallel import ParallelConnections

# How many tables may wait in memory until the connections may be opened.
MOST_WAITING = 1000


class TableBlocks:
    """Passes statements of a dump to parallel connections, in blocks that create one table each.

    Each connection first runs the statements that precede the first table. The connections are
    opened once `begin` is set, or once more than a thousand blocks wait for `begin`, or by `end`.
    """

    def __init__(
        self,
        open_connections: Callable[[list[bytes]], ParallelConnections],
        begin: threading.Event,
    ) -> None:
        self._open = open_connections
        self._begin = begin
        self._connections: ParallelConnections | None = None
        self._settings: list[bytes] | None = None
        self._block: list[bytes] = []
        self._waiting: list[list[bytes]] = []
        self._passed: list[list[bytes]] = []

    @property
    def settings(self) -> list[bytes]:
        """The statements before the first table."""
        return self._settings or []

    def creating(self, labels: Collection[str]) -> list[list[bytes]]:
        """Return the blocks that create one of these tables, of those that connections have got."""
        if not labels:
            return []
        return [
            block
            for block in self._passed
            if any((name := table_of(each)) and table_label(name) in labels for each in block)
        ]

    def run(self, statement: bytes | bytearray) -> None:
        """Take the next statement. A dump has a DROP TABLE before each CREATE TABLE."""
        if statement.startswith(b"DROP TABLE"):
            self._end_block()
            if self._begin.is_set() or len(self._waiting) > MOST_WAITING:
                self._pass_on()
        self._block.append(bytes(statement))

    def end(self) -> None:
        """Pass on the last blocks, even if `begin` is not set."""
        if self._settings is not None:
            self._end_block()
            self._pass_on()

    def stop(self) -> None:
        """End what `run` waits for in another thread; `run` then raises an error."""
        if self._connections is not None:
            self._connections.stop()

    def _end_block(self) -> None:
        """Let the current block wait; the first one only holds the statements before all tables."""
        if self._settings is None:
            self._settings = self._block
        elif self._block:
            self._waiting.append(self._block)
        self._block = []

    def _pass_on(self) -> None:
        if self._connections is None:
            self._connections = self._open(self.settings)
        for block in self._waiting:
            self._connections.put(*block)
        self._passed += self._waiting
        self._waiting = []


def table_label(name: str) -> str:
    """Return how messages show a table."""
    return f"table {name}"
