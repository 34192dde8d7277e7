"""Check limits of the server that would truncate a dump, or refuse its rows in a restore."""

from __future__ import annotations

from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.session import Session
from cosmicdeploy.database.tools.container_tools import ContainerTools
from cosmicdeploy.errors import BackupError

# A dump tool cannot lift `sql_select_limit`: where it lists tables, columns or objects, the server
# truncates a longer list without an error. Only its SELECTs of rows can have a limit of their own.
# These queries return the length of the longest such list.
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
# The server counts some bytes of the protocol as part of a statement.
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

    `table` names the table of its rows, `limit` is the largest statement that the server accepts.
    """
    if size <= limit:
        return
    # One and a half times the size, since the same row may be longer in another dump.
    needed = -(-size * 3 // 2 // MIB) * MIB
    todo = (
        f"run SET GLOBAL max_allowed_packet = {needed} on the server as its administrator, put the"
        " same in its configuration, and try again"
    )
    raise BackupError(
        f"Table {table} has a row that takes {size / MIB:.1f} MiB in a dump, and the server accepts"
        f" statements of up to {(limit + PROTOCOL_BYTES) / MIB:.1f} MiB: it could not be restored",
        where=where,
        todo=todo if needed <= LARGEST_SETTING else f"store values of this size outside of {table}",
    )
