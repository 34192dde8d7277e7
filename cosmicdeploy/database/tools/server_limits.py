"""Refuse server settings that would change a dump, or make a restore of it fail."""

from __future__ import annotations

import math

from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.session import Session
from cosmicdeploy.database.session_settings import needed_values
from cosmicdeploy.database.tools.container_tools import ContainerTools
from cosmicdeploy.errors import BackupError

# `sql_select_limit` also limits the queries with which a dump tool lists tables, columns and
# objects: the server truncates a longer list without an error. The tool can set another limit only
# for its SELECTs of rows. Each query here returns the length of the longest list of one kind.
LONGEST_LISTS = {
    "tables": "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = %s",
    "columns": "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = %s"
    " GROUP BY table_name ORDER BY 1 DESC LIMIT 1",
    "triggers": "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = %s",
    "routines": "SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema = %s",
    "events": "SELECT COUNT(*) FROM information_schema.events WHERE event_schema = %s",
}
LIMIT = "sql_select_limit"
SET_GLOBAL = (
    "run SET GLOBAL {} on the server as its administrator, remove {} from init_connect and the"
    " server's option files, and try again"
)
MIB = 1 << 20
# The largest value of `max_allowed_packet`.
LARGEST_SETTING = 1 << 30
# The server counts some bytes of the network protocol as part of a statement.
PROTOCOL_BYTES = 64


def require_tool_settings(tools: ContainerTools, facts: Facts) -> None:
    """Raise `BackupError` if the server's settings would change what the dump tool reads.

    Not every dump tool has options to change them. Raises `DatabaseError` if the client cannot log
    in.
    """
    seen = tools.seen_settings()
    _require_whole_lists(int(seen.pop(LIMIT)), facts)
    for name, needed in needed_values("dump").items():
        if name in seen and seen[name] != needed:
            raise BackupError(
                f"The dump tool would read the data with {name} = {seen[name]}, which changes the"
                f" data: a dump needs {needed}",
                where=facts.session.where,
                todo=SET_GLOBAL.format(f"{name} = {needed}", name),
            )


def _require_whole_lists(limit: int, facts: Facts) -> None:
    for kind, query in LONGEST_LISTS.items():
        rows = facts.session.rows(query, facts.schema)
        count = int(rows[0][0]) if rows else 0
        if limit < max(count, 1):
            raise BackupError(
                f"The dump tool would see only {limit} of {count} {kind}, because of {LIMIT}",
                where=facts.session.where,
                todo=SET_GLOBAL.format(f"{LIMIT} = DEFAULT", LIMIT),
            )


def largest_statement(session: Session) -> int:
    """Return the size in bytes of the largest statement that the server accepts.

    Raises `DatabaseError`.
    """
    [(limit,)] = session.rows("SELECT @@GLOBAL.max_allowed_packet")
    return int(limit) - PROTOCOL_BYTES


def require_sendable(size: int, label: str, limit: int, where: str) -> None:
    """Raise `BackupError` if the server would refuse a statement of `size` bytes.

    `label` begins the message and names what has this size. `limit` is the size in bytes of the
    largest statement that the server accepts. `where` is the `where` of the error.
    """
    if size <= limit:
        return
    # One and a half times the size, since the row may be longer in another dump; in whole MiB.
    needed = math.ceil(size * 1.5 / MIB) * MIB
    todo = (
        f"run SET GLOBAL max_allowed_packet = {needed} on the server as its administrator, put the"
        " same value in the server's configuration, and try again"
    )
    raise BackupError(
        f"{label} that takes {size / MIB:.1f} MiB in a dump, and the server accepts"
        f" statements of up to {(limit + PROTOCOL_BYTES) / MIB:.1f} MiB: no restore could load it",
        where=where,
        todo=todo
        if needed <= LARGEST_SETTING
        else "store values of this size outside of the database",
    )
