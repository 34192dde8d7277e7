"""Count the rows of all tables on the server while the dump tool runs, if possible in its snapshot.

A session opens a snapshot just before the dump tool starts, and another one as soon as the tool's
transaction is seen. If one of them sees exactly what the tool sees, its counts must be those of the
dump. Otherwise clients wrote in between, and the counts are those just before the dump.

No lock is taken, so no client waits. Each table is released as soon as it is counted, since a
change of its structure waits for its readers, and all later queries wait for that change.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Literal

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.dump.read_views import Views, read_views, see_the_same
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.row_checksums import Rows, checksum_rows
from cosmicdeploy.database.session import Session, open_session
from cosmicdeploy.database.sessions.process_list import kill
from cosmicdeploy.database.tools.silence import ANSWER_SECONDS, TOOLS_HOST
from cosmicdeploy.errors import DatabaseError
from cosmicdeploy.process.concurrency import start_in_thread
from cosmicdeploy.process.signals import interruptible

# How often to look for the dump tool's transaction. Each commit in between may spoil the snapshot.
LOOK_EVERY_SECONDS = 0.002
# The server notes whole seconds in which a table was changed.
QUIET_SECONDS = 2
SNAPSHOT = (
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)
NEWER_TOOLS = (
    "SELECT id FROM information_schema.processlist WHERE id > %s AND user = %s AND host = %s"
)
# MySQL would otherwise show the times of up to a day ago.
FRESH_TIMES = "SET @unused = 0 /*!80000 , SESSION information_schema_stats_expiry = 0 */"
CHANGED = (
    "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"  # noqa: S608 - fixed
    f" AND update_time >= %s - INTERVAL {QUIET_SECONDS} SECOND"
)


@dataclass(frozen=True, kw_only=True)
class ServerRows:
    """The rows of each table on the server, at the moment of the dump or just before it.

    `counted`: "snapshot" if in the dump's own snapshot, "around" if just before it. A table has a
    checksum only if it is known to have had the same rows in the dump.
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
        """Return what still holds once the rows of the dump are counted.

        If a table has another number of rows there, the snapshot was not the dump's.
        """
        differing = {name for name, count in self.counts.items() if dumped[name] != count}
        if differing and self.counted == "snapshot":
            return ServerRows(counted="around", tables=without_checksums(self.tables, self.tables))
        return replace(self, tables=without_checksums(self.tables, differing))


def without_checksums(tables: Mapping[str, Rows], names: Collection[str]) -> dict[str, Rows]:
    """Return the tables; those with these names have no checksum."""
    return {
        name: replace(rows, checksum="") if name in names else rows for name, rows in tables.items()
    }


class RowCount:
    """Counts in a thread of its own; `result` waits for it."""

    def __init__(self, count: _Count) -> None:
        self._count = count
        self._future: Future[ServerRows] = start_in_thread(count.run)

    def dump_ended(self) -> None:
        """Tell the thread that the dump tool has ended."""
        self._count.dump_ended.set()

    def result(self) -> ServerRows:
        """Wait for the counts. Raises `DatabaseError` if a table could not be counted."""
        self.dump_ended()
        with interruptible():
            return self._future.result()

    def abandon(self) -> None:
        """End the count, which nobody needs any more."""
        self._count.end()
        with suppress(Exception), interruptible():
            wait([self._future], timeout=ANSWER_SECONDS)


@contextmanager
def counting_rows(
    access: DatabaseAccess, tables: Sequence[str], lock_wait: int, *, checksums: bool
) -> Iterator[RowCount]:
    """Count the rows of the tables while the block dumps them.

    The dump tool must start within the block. A count waits up to `lock_wait` seconds for a table's
    lock. With `checksums`, the rows also get a checksum. Raises `DatabaseError`.
    """
    with ExitStack() as stack:
        watching, late, early = (stack.enter_context(open_session(access)) for _ in range(3))
        for session in (watching, late, early):
            session.stay_open()
            session.execute(f"SET SESSION lock_wait_timeout = {lock_wait}")
        [(began,)] = watching.rows("SELECT NOW()")
        _begin_snapshot(early)
        count = RowCount(
            _Count(
                access=access,
                tables=tables,
                checksums=checksums,
                watching=watching,
                early=early,
                late=late,
                began=began,
            )
        )
        try:
            yield count
        except BaseException:
            count.abandon()
            raise


def _begin_snapshot(session: Session) -> None:
    for statement in SNAPSHOT:
        session.execute(statement)


@dataclass(kw_only=True, eq=False)
class _Count:
    """The work of the thread: find the session with the dump's snapshot, and count in it.

    `early` has a snapshot from before the dump; `late` gets one as soon as the dump has begun.
    `began` is when `early` got its own, as the server's clock shows it.
    """

    access: DatabaseAccess
    tables: Sequence[str]
    checksums: bool
    watching: Session
    early: Session
    late: Session
    began: object
    dump_ended: threading.Event = field(default_factory=threading.Event)
    is_abandoned: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.ids = {each: _id(each) for each in (self.watching, self.early, self.late)}

    def run(self) -> ServerRows:
        match = self._find_match()
        session = match or self.early
        tables = {table: self._rows(session, table) for table in self.tables}
        if match is None and self.checksums:
            tables = without_checksums(tables, self._changed())
        return ServerRows(counted="snapshot" if match else "around", tables=tables)

    def end(self) -> None:
        self.is_abandoned.set()
        self.dump_ended.set()
        with suppress(DatabaseError), open_session(self.access, ANSWER_SECONDS) as session:
            for session_id in self.ids.values():
                with suppress(DatabaseError):  # it has ended by itself
                    kill(session, session_id, statement_only=False)

    def _find_match(self) -> Session | None:
        """Return the session that sees exactly what the dump tool sees; None if none is found."""
        while True:
            has_ended = self.dump_ended.is_set()
            views = read_views(self.watching)
            if views is None:
                return None
            tool = self._tool(views)
            if tool is None and not has_ended:
                self.dump_ended.wait(LOOK_EVERY_SECONDS)
                continue
            _begin_snapshot(self.late)
            views = read_views(self.watching) or {}
            if tool is not None and tool in views:
                return self._same_as(tool, views)
            if has_ended:  # the tool was too quick to be seen: did anything change meanwhile?
                return self._same_as(self.ids[self.late], views)
            self.late.execute("ROLLBACK")  # it was another session

    def _same_as(self, other: int, views: Views) -> Session | None:
        sessions = self.early, self.late
        candidates = [each for each in sessions if self.ids[each] != other]
        return next(
            (each for each in candidates if see_the_same(views, self.ids[each], other)), None
        )

    def _tool(self, views: Views) -> int | None:
        """Return the id of the dump tool's session, if exactly one can be it."""
        newest = self.ids[self.early]
        if not any(session_id > newest for session_id in views):
            return None
        rows = self.watching.rows(NEWER_TOOLS, newest, self.access.user, TOOLS_HOST)
        tools = [int(row[0]) for row in rows if int(row[0]) in views]
        return tools[0] if len(tools) == 1 else None

    def _rows(self, session: Session, table: str) -> Rows:
        if self.is_abandoned.is_set():
            raise DatabaseError("The count was ended", where=self.access.where)
        schema = self.access.name
        session.execute("SAVEPOINT counted")
        rows = (
            checksum_rows(session, schema, table)
            if self.checksums
            else Rows(count=Facts(session, schema).count(table))
        )
        session.execute("ROLLBACK TO SAVEPOINT counted")
        return rows

    def _changed(self) -> set[str]:
        """Return the tables whose rows were changed since the early snapshot, at the dump's end."""
        self.dump_ended.wait()
        self.watching.execute(FRESH_TIMES)
        rows = self.watching.rows(CHANGED, self.access.name, self.began)
        return {str(row[0]) for row in rows}


def _id(session: Session) -> int:
    return int(session.rows("SELECT CONNECTION_ID()")[0][0])
