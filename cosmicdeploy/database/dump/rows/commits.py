"""Tell whether anything is likely to have been committed between the snapshots of two sessions.

No server but Percona's lets a session share the snapshot of another. But the status of InnoDB shows
two things, to users with the privilege PROCESS:

- A counter, from which each transaction that writes and each commit of one gets a number. While it
  does not move, no commit begins, so all snapshots of that time hold the same data. The one
  exception: a commit gets its number just before others see it, so one that is between the two at
  the first look may become visible after it.
- MariaDB also shows the limits of each snapshot: it holds the transactions below the second limit
  and none from the first on. If both are the same number, no transaction was open, and all
  snapshots with this number hold the same data.
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
# The server's error number for a statement that needs a privilege (here PROCESS).
NEEDS_PRIVILEGE = 1227


@dataclass(frozen=True, kw_only=True)
class Commits:
    """What the server shows: the counter, and the limits of each session's snapshot.

    `counter` is "" if the user may not see the status. `limits` is the id of a session → its two
    limits, and lacks the sessions of which the server shows none.
    """

    counter: str = ""
    limits: Mapping[int, tuple[str, str]] = field(default_factory=dict)

    def are_none_since(self, earlier: Commits) -> bool:
        """Whether no commit has begun since `earlier`; one that had just begun may have ended."""
        return bool(self.counter) and self.counter == earlier.counter

    def show_the_same(self, one: int, other: int) -> bool:
        """Whether the snapshots of two sessions hold the same data by the limits shown."""
        first, second = self.limits.get(one), self.limits.get(other)
        return first is not None and first == second and first[0] == first[1]


def read_commits(session: Session) -> Commits:
    """Read the server's status. Raises `DatabaseError`."""
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
