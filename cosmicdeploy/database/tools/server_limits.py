"""Check limits of the server that would truncate a dump, or refuse its rows in a restore."""

from __future__ import annotations

from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.session import Session
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
MIB = 1 << 20
# The largest value of `max_allowed_packet`.
LARGEST_SETTING = 1 << 30
# The server counts some bytes of the network protocol as part of a statement.
PROTOCOL_BYTES = 64


def require_whole_lists(tools: ContainerTools, facts: Facts) -> None:
    """Raise `BackupError` if the dump tool would not see every table, column and object."""
    limit = tools.select_limit()
    for kind, query in LONGEST_LISTS.items():
        rows = facts.session.rows(query, facts.schema)
        count = int(rows[0][0]) if rows else 0
        if limit < max(count, 1):
            raise BackupError(
                f"The dump tool would see only {limit} of {count} {kind},"
                " because of sql_select_limit",
                where=facts.session.where,
                todo="run SET GLOBAL sql_select_limit = DEFAULT on the server as its administrator,"
                " remove it from init_connect and the server's option files, and try again",
            )


def largest_statement(session: Session) -> int:
    """Return the size in bytes of the largest statement that the server accepts.

    Raises `DatabaseError`.
    """
    [(limit,)] = session.rows("SELECT @@GLOBAL.max_allowed_packet")
    return int(limit) - PROTOCOL_BYTES


def require_sendable(size: int, table: str, limit: int, where: str) -> None:
    """Raise `BackupError` if the server would refuse a statement of `size` bytes.

    `table` is the table of the statement's rows. `limit` is the size in bytes of the largest
    statement that the server accepts. `where` is what the error shows as its place.
    """
    if size <= limit:
        return
    # One and a half times the size in whole MiB, since the row may be longer in another dump.
    needed = -(-size * 3 // 2 // MIB) * MIB
    todo = (
        f"run SET GLOBAL max_allowed_packet = {needed} on the server as its administrator, put the"
        " same value in the server's configuration, and try again"
    )
    raise BackupError(
        f"Table {table} has a row that takes {size / MIB:.1f} MiB in a dump, and the server accepts"
        f" statements of up to {(limit + PROTOCOL_BYTES) / MIB:.1f} MiB: no restore could load it",
        where=where,
        todo=todo if needed <= LARGEST_SETTING else f"store values of this size outside of {table}",
    )
