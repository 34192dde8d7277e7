"""Count the rows of all tables on the server while the dump tool runs.

If a session with the same snapshot as the dump tool is found, its counts must equal the rows in the
dump. Otherwise the rows are counted in a snapshot from just before the dump.

No lock is taken, so no client waits. Each table is released as soon as it is counted: an ALTER
TABLE waits until no transaction reads the table, and all later queries wait for the ALTER TABLE.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Literal

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.on_disk.manifest import Objects
from cosmicdeploy.database.dump.rows.snapshots import Snapshots, open_snapshots
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.row_checksums import Rows, checksum_rows
from cosmicdeploy.database.session import Session
from cosmicdeploy.errors import DatabaseError
from cosmicdeploy.process.concurrency import start_in_thread
from cosmicdeploy.process.signals import interruptible

# How long to wait for the thread's end after its sessions have been ended.
END_SECONDS = 2


@dataclass(frozen=True, kw_only=True)
class ServerRows:
    """The rows of each table on the server, at the moment of the dump or just before it.

    `counted` is "snapshot" if the rows were counted in the dump's own snapshot, and "around" if
    just before the dump. In the latter case no table has a checksum, since the server does not show
    reliably which tables have changed since then.
    """

    counted: Literal["snapshot", "around"]
    tables: Mapping[str, Rows]

    @property
    def counts(self) -> dict[str, int]:
        """Table → number of rows."""
        return {name: rows.count for name, rows in self.tables.items()}

    @property
    def checksums(self) -> dict[str, str]:
        """Table → checksum of its rows, "" without one."""
        return {name: rows.checksum for name, rows in self.tables.items()}

    def compared(self, dumped: Mapping[str, int]) -> ServerRows:
        """Return what is still certain once the rows in the dump are known.

        If a table has more rows in the dump than in the snapshot, the snapshot was not the dump's,
        and no table keeps its checksum. Fewer rows do not show that, since rows may be missing in
        the dump. In that case only the tables with another number of rows lose their checksum.
        """
        differing = {name for name, count in self.counts.items() if dumped[name] != count}
        if self.counted == "snapshot" and any(
            dumped[name] > count for name, count in self.counts.items()
        ):
            return ServerRows(counted="around", tables=without_checksums(self.tables, self.tables))
        return replace(self, tables=without_checksums(self.tables, differing))


def without_checksums(tables: Mapping[str, Rows], names: Collection[str]) -> dict[str, Rows]:
    """Return a copy of `tables` in which the tables with these names have no checksum."""
    return {
        name: replace(rows, checksum="") if name in names else rows for name, rows in tables.items()
    }


def missing_checksums(objects: Objects) -> list[str]:
    """Return a line that names the tables without a checksum; no line if all have one."""
    names = [name for name, rows in objects.tables.items() if not rows.checksum]
    why = "clients changed them during the dump, or the server computes none"
    return [f"no checksum of the rows of {', '.join(names)}: {why}"] if names else []


class RowCount:
    """A count that runs in a thread of its own; `result` waits for the thread's end."""

    def __init__(self, work: _Work) -> None:
        self._snapshots = work.snapshots
        self._work = work
        self._future: Future[ServerRows] = start_in_thread(work.run)

    def dump_ended(self) -> None:
        """Notify the thread that the dump tool has ended."""
        self._snapshots.has_output.set()  # also for a tool that ended without any output
        self._snapshots.dump_ended.set()

    def noticing(self, sink: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """Return a sink that passes on the tool's output, and notifies the thread of it."""

        def take(chunk: bytes) -> None:
            self._snapshots.has_output.set()
            sink(chunk)

        return take

    def result(self) -> ServerRows:
        """Wait for the counts. Raises `DatabaseError` if a table could not be counted."""
        self.dump_ended()
        with interruptible():
            return self._future.result()

    def abandon(self) -> None:
        """End the count; its result is no longer needed."""
        self._work.is_abandoned.set()
        self._snapshots.end()
        with suppress(Exception), interruptible():
            wait([self._future], timeout=END_SECONDS)


@contextmanager
def counting_rows(
    access: DatabaseAccess,
    tables: Sequence[str],
    lock_wait: int,
    *,
    checksums: bool,
    settled: threading.Event | None = None,
) -> Iterator[RowCount]:
    """Count the rows of the tables while the block dumps them.

    The dump tool must start within the block. A count waits up to `lock_wait` seconds for a table's
    lock. `settled` is set once the search for the dump's snapshot has ended. Until then, every
    commit on the server may make that search fail, so the caller should commit nothing. With
    `checksums`, the rows also get a checksum if they are counted in the dump's snapshot. Raises
    `DatabaseError`.
    """
    with open_snapshots(access, lock_wait) as snapshots:
        work = _Work(snapshots, tables, checksums, settled or threading.Event())
        count = RowCount(work)
        try:
            yield count
        except BaseException:
            count.abandon()
            raise


@dataclass(frozen=True)
class _Work:
    """The work of the counting thread."""

    snapshots: Snapshots
    tables: Sequence[str]
    checksums: bool
    settled: threading.Event
    is_abandoned: threading.Event = field(default_factory=threading.Event)

    def run(self) -> ServerRows:
        try:
            match = self.snapshots.find()
        finally:
            self.settled.set()
        session = match or self.snapshots.early
        checksums = self.checksums and match is not None
        tables = {table: self._rows(session, table, checksums) for table in self.tables}
        return ServerRows(counted="snapshot" if match else "around", tables=tables)

    def _rows(self, session: Session, table: str, checksums: bool) -> Rows:
        access = self.snapshots.access
        if self.is_abandoned.is_set():
            raise DatabaseError("The count was ended", where=access.where)
        # Going back to a savepoint releases the table, but keeps the snapshot.
        session.execute("SAVEPOINT counted")
        rows = (
            checksum_rows(session, access.name, table)
            if checksums
            else Rows(count=Facts(session, access.name).count(table))
        )
        session.execute("ROLLBACK TO SAVEPOINT counted")
        return rows
