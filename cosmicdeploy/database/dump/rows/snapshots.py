"""Find a session that sees exactly what the dump tool sees, without a lock.

One session opens a snapshot just before the dump tool starts. Another session opens one as soon as
the tool's transaction has begun. If nothing was committed between one of these snapshots and the
tool's own, both hold the same data.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.dump.rows.commits import Commits, read_commits
from cosmicdeploy.database.session import Session, open_session
from cosmicdeploy.database.sessions.process_list import kill
from cosmicdeploy.database.tools.silence import ANSWER_SECONDS, TOOLS_HOST
from cosmicdeploy.errors import DatabaseError

# The interval between two looks for the dump tool's session. A commit between the looks may make
# the late snapshot differ from the tool's.
LOOK_EVERY_SECONDS = 0.002
# How long to go on looking after the tool's first output, since its transaction begins just after
# that. The time is limited because each look makes the server lock its list of transactions.
LOOK_SECONDS = 5
BEGIN = (
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)
OPENED = "SHOW GLOBAL STATUS LIKE 'Connections'"
# The sessions that may be the dump tool's. The tool selects its schema once its transaction has
# begun.
TOOLS = (
    "SELECT id, db FROM information_schema.processlist WHERE id > %s AND user = %s AND host = %s"
)


@dataclass(kw_only=True, eq=False)
class Snapshots:
    """The sessions with the snapshots, and one that watches the server.

    `early` has a snapshot from before the dump; `late` gets one as soon as the dump has begun.
    `commits` is what the server showed of commits just before `early` got its snapshot. `opened` is
    how many sessions had been opened on the server before the dump. The thread of the dump sets
    `has_output` and `dump_ended`.
    """

    access: DatabaseAccess
    watching: Session
    early: Session
    late: Session
    commits: Commits
    opened: int
    has_output: threading.Event = field(default_factory=threading.Event)
    dump_ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._ids = {each: _id(each) for each in (self.watching, self.early, self.late)}

    def find(self) -> Session | None:
        """Return the session that sees exactly what the dump tool sees; None if none is found.

        Returns before the dump ends if the tool's session is recognized. Raises `DatabaseError`.
        """
        before_tool, tool = self.commits, None
        # Without the counter, no look could show that nothing was committed.
        looks = self._looks() if self.commits.counter else ()
        for _ in looks:
            commits, tools = read_commits(self.watching), self._tools()
            if not tools:
                before_tool = commits
            tool = self._only_begun(tools)
            if tool is not None:
                break
        if tool is not None:
            begin_snapshot(self.late)
            commits = read_commits(self.watching)
            self.has_output.wait()
            if self._is_dump_tool(tool):
                return self._matching(tool, before_tool, commits)
        return self._early_if_nothing_was_committed()

    def _looks(self) -> Iterator[None]:
        """Yield before each look for the tool's session.

        Ends with the dump, or `LOOK_SECONDS` after the tool's first output.
        """
        until = math.inf
        while not self.dump_ended.is_set() and time.monotonic() < until:
            yield
            if until == math.inf and self.has_output.is_set():
                until = time.monotonic() + LOOK_SECONDS
            self.dump_ended.wait(LOOK_EVERY_SECONDS)

    def _is_dump_tool(self, tool: int) -> bool:
        """Whether the session `tool` is really the dump tool's, once the tool has printed output.

        It is if no other session was opened on the server, or if it still is the only session that
        may be the tool's.
        """
        is_only_one = _opened_sessions(self.watching) == self.opened + 1
        return is_only_one or self._only_begun(self._tools()) == tool

    def _matching(self, tool: int, before_tool: Commits, commits: Commits) -> Session | None:
        """Return the session with the tool's snapshot.

        `before_tool` was read before the tool connected, `commits` once `late` had its snapshot.
        """
        for session, since in ((self.early, self.commits), (self.late, before_tool)):
            if commits.are_none_since(since) or commits.have_same_data(self._ids[session], tool):
                return session
        return None

    def end(self) -> None:
        """End the sessions on the server, whatever they run."""
        self.has_output.set()
        self.dump_ended.set()
        with suppress(DatabaseError), open_session(self.access, ANSWER_SECONDS) as session:
            for session_id in self._ids.values():
                with suppress(DatabaseError):  # this session has ended by itself
                    kill(session, session_id, statement_only=False)

    def _early_if_nothing_was_committed(self) -> Session | None:
        """Wait for the dump's end; return `early` if nothing was committed until then."""
        if not self.commits.counter:
            return None
        self.dump_ended.wait()
        return self.early if read_commits(self.watching).are_none_since(self.commits) else None

    def _tools(self) -> dict[int, str]:
        """Return id → current schema of the sessions that may be the dump tool's."""
        newest = self._ids[self.early]
        rows = self.watching.rows(TOOLS, newest, self.access.user, TOOLS_HOST)
        return {int(session_id): str(schema or "") for session_id, schema in rows}

    def _only_begun(self, tools: Mapping[int, str]) -> int | None:
        """Return the id of the only session in `tools` if its transaction has begun.

        Returns None otherwise, and if `tools` holds several sessions or none.
        """
        if list(tools.values()) != [self.access.name]:
            return None
        [tool] = tools
        return tool


@contextmanager
def open_snapshots(access: DatabaseAccess, lock_wait: int) -> Iterator[Snapshots]:
    """Open the sessions, and the early snapshot; close them at the end of the block.

    A statement waits up to `lock_wait` seconds for a table's lock. Raises `DatabaseError`.
    """
    with ExitStack() as stack:
        watching, late, early = (stack.enter_context(open_session(access)) for _ in range(3))
        for session in (watching, late, early):
            session.stay_open()
            session.execute(f"SET SESSION lock_wait_timeout = {lock_wait}")
        commits = read_commits(watching)
        begin_snapshot(early)
        yield Snapshots(
            access=access,
            watching=watching,
            early=early,
            late=late,
            commits=commits,
            opened=_opened_sessions(watching),
        )


def begin_snapshot(session: Session) -> None:
    """Begin a transaction that sees the data of this moment."""
    for statement in BEGIN:
        session.execute(statement)


def _opened_sessions(session: Session) -> int:
    """Return how many sessions have been opened since the server started."""
    return int(session.rows(OPENED)[0][1])


def _id(session: Session) -> int:
    return int(session.rows("SELECT CONNECTION_ID()")[0][0])
