"""Tell whether two sessions see the same snapshot of the data.

No server but Percona's lets a session share the snapshot of another. But InnoDB shows the limits of
each session's read view: it sees the transactions below the second limit and none from the first
on. If both are the same number, no transaction was open, and two sessions with this number see
exactly the same data: nothing was committed between them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cosmicdeploy.database.access import error_code
from cosmicdeploy.database.session import Session
from cosmicdeploy.errors import DatabaseError

STATUS = "SHOW ENGINE INNODB STATUS"
TRANSACTION = "\n---TRANSACTION "
THREAD = re.compile(r"^(?:MariaDB|MySQL) thread id (\d+),", re.MULTILINE)
VIEW = re.compile(r"^Trx read view will not see trx with id >= (\d+), sees < (\d+)$", re.MULTILINE)
# The server's error number for a statement that needs a privilege (here PROCESS).
NEEDS_PRIVILEGE = 1227

# The id of a session → the two limits of its read view.
Views = Mapping[int, tuple[int, int]]


def read_views(session: Session) -> Views | None:
    """Return the read view of each session that has one; None if the user may not see them.

    Raises `DatabaseError`.
    """
    try:
        status = str(session.rows(STATUS)[0][-1])
    except DatabaseError as error:
        if error_code(error.__cause__) == NEEDS_PRIVILEGE:
            return None
        raise
    return parsed_views(status)


def parsed_views(status: str) -> Views:
    """Return the read views in the server's text."""
    views = {}
    for block in status.split(TRANSACTION)[1:]:
        thread, limits = THREAD.search(block), VIEW.findall(block)
        if thread and limits:
            views[int(thread[1])] = int(limits[-1][0]), int(limits[-1][1])
    return views


def see_the_same(views: Views, one: int, other: int) -> bool:
    """Return whether two sessions certainly see the same data."""
    first, second = views.get(one), views.get(other)
    return first is not None and first == second and first[0] == first[1]
