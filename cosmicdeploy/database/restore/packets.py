"""The largest statement that a server takes, against the largest of a dump."""

from __future__ import annotations

from cosmicdeploy.database.access import Session
from cosmicdeploy.errors import BackupError

MIB = 1 << 20
LARGEST_SETTING = 1 << 30
# The server counts a few bytes of the protocol with the statement.
PROTOCOL_BYTES = 64


def largest_statement(session: Session) -> int:
    """The bytes of the largest statement that the server takes. Raises `DatabaseError`."""
    [(limit,)] = session.rows("SELECT @@GLOBAL.max_allowed_packet")
    return int(limit) - PROTOCOL_BYTES


def require_sendable(size: int, table: str, limit: int, where: str) -> None:
    """Raise `BackupError` where a statement of `size` bytes is larger than the server takes."""
    if size <= limit:
        return
    # Half as much again: the same row may be longer in another dump.
    needed = -(-size * 3 // 2 // MIB) * MIB
    todo = (
        f"run SET GLOBAL max_allowed_packet = {needed} on the server as its administrator, put the"
        " same in its configuration, and try again"
    )
    raise BackupError(
        f"table {table} has a row that takes {size / MIB:.1f} MiB in a dump, and the server takes"
        f" statements up to {(limit + PROTOCOL_BYTES) / MIB:.1f} MiB: it cannot be restored",
        where=where,
        todo=todo if needed <= LARGEST_SETTING else f"keep what is that large outside of {table}",
    )
