"""Find out whether anything was probably committed between the snapshots of two sessions.

Only Percona's server lets a session share the snapshot of another session. But to users with the
privilege PROCESS, the status of InnoDB shows two things:

- A counter. Each transaction that writes takes a number from it, and so does the commit of such a
  transaction. While the counter does not move, no commit begins, so all snapshots of that time hold
  the same data. There is one exception: a commit takes its number just before other sessions see
  its changes. If the counter is first read between these two moments, the changes become visible
  afterwards although the counter does not move.
- The limits of each snapshot, on MariaDB only. A snapshot holds all transactions below its second
  limit and none from its first limit on. If both limits are the same number, no transaction was
  open, and all snapshots with this number hold the same data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cosmicdeploy.database.access import error_code
from cosmicdeploy.database.session import Session
from cosmicdeploy.errors import DatabaseError

STATUS = "SHOW ENGINE INNODB STATUS"
COUNTER = re.compile(r"^Trx id counter (\d+)$", re.MULTILINE)
TRANSACTION = "\n---TRANSACTION "
THREAD = re.compile(r"^(?:MariaDB|MySQL) thread id (\d+),", re.MULTILINE)
LIMITS = re.compile(
    r"^Trx read view will not see trx with id >= (\d+), sees < (\d+)$", re.MULTILINE
)
# The server's error number for a statement that the user lacks a privilege for (here PROCESS).
NEEDS_PRIVILEGE = 1227


@dataclass(frozen=True, kw_only=True)
class Commits:
    """What the server shows: the counter, and the limits of each session's snapshot.

    `counter` is "" if the user may not see the status. `limits` is session id → the two limits of
    the session's snapshot, for the sessions whose limits the server shows.
    """

    counter: str = ""
    limits: Mapping[int, tuple[str, str]] = field(default_factory=dict)

    def are_none_since(self, earlier: Commits) -> bool:
        """Whether no commit has begun since `earlier`; one that began before may have ended."""
        return bool(self.counter) and self.counter == earlier.counter

    def have_same_data(self, session_id: int, other_id: int) -> bool:
        """Whether the snapshots of two sessions hold the same data, according to their limits."""
        limits = self.limits.get(session_id)
        is_exact = limits is not None and limits[0] == limits[1]
        return is_exact and limits == self.limits.get(other_id)


def read_commits(session: Session) -> Commits:
    """Read from the status of InnoDB what it shows of commits.

    Returns `Commits()` if the user lacks the privilege PROCESS. Raises `DatabaseError`.
    """
    try:
        status = str(session.rows(STATUS)[0][-1])
    except DatabaseError as error:
        if error_code(error.__cause__) == NEEDS_PRIVILEGE:
            return Commits()
        raise
    head, *blocks = status.split(TRANSACTION)
    counter = COUNTER.search(head)
    limits = {
        int(thread[1]): shown[-1]
        for block in blocks
        if (thread := THREAD.search(block)) and (shown := LIMITS.findall(block))
    }
    return Commits(counter=counter[1] if counter else "", limits=limits)
