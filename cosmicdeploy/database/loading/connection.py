"""A connection that loads a dump: runs its statements one by one, as unchanged bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from socket import SHUT_RDWR

import pymysql

from cosmicdeploy.database.access import (
    GREETING_TIMEOUT,
    DatabaseAccess,
    connect,
    error_code,
    limit_reads,
)
from cosmicdeploy.database.loading.redaction import redact_values
from cosmicdeploy.database.session import is_refusal_code
from cosmicdeploy.errors import BackupError, CosmicError, DatabaseError
from cosmicdeploy.process.signals import interruptible

TRIES = 3
# After these errors the server has rolled the statement back, so it can be tried again.
DEADLOCK, LOCK_TIMEOUT = 1213, 1205
# These errors do not mean that the statement is wrong: the server lacks room, memory or
# connections, or is read-only for the moment.
EXHAUSTED = frozenset({1004, 1021, 1026, 1030, 1037, 1038, 1040, 1041, 1114, 1135, 1203, 1226})
READ_ONLY = frozenset({1290, 1792, 1836})
# Other errors report a full disk by the operating system's error number.
NO_ROOM = re.compile(r"\berrno: (?:28|122)\b")
TABLE = re.compile(rb"(?:INSERT INTO|(?:ALTER|CREATE) TABLE) `(?:[^`\n]|``)+`")


class LoadConnection:
    """A connection that runs statements as unchanged bytes, and first the statements `settings`.

    The server may take `read_timeout` seconds to answer a statement; None means no limit. Opening
    the connection raises `DatabaseError`. A statement raises `BackupError` if the server refuses it
    permanently, and `DatabaseError` for a fault of the server, such as a lost connection, a KILL or
    a full disk. Neither text contains values of rows.
    """

    def __init__(
        self,
        access: DatabaseAccess,
        schema: str,
        settings: Sequence[bytes] = (),
        read_timeout: float | None = None,
    ) -> None:
        self._where = access.where
        self._connection = connect(access, schema, read_timeout=GREETING_TIMEOUT, kind="load")
        for statement in settings:
            self.run(statement)
        limit_reads(self._connection, read_timeout)

    def run(self, statement: bytes | bytearray) -> None:
        """Run one statement; after a deadlock or a lock timeout, try it up to two more times.

        The server refuses several statements in one text. Raises `BackupError` or `DatabaseError`.
        """
        for left in reversed(range(TRIES)):
            try:
                with interruptible():
                    # A memoryview, so that the driver does not copy the statement.
                    self._connection.query(memoryview(statement))
            except pymysql.MySQLError as error:
                if not left or error_code(error) not in (DEADLOCK, LOCK_TIMEOUT):
                    # `from None`: the driver's error may contain values of a row, and --verbose
                    # shows causes.
                    raise _as_error(error, statement, self._where) from None
            else:
                return

    @property
    def id(self) -> int:
        """The server's id of this connection."""
        return int(self._connection.thread_id())  # type: ignore[no-untyped-call]

    def hang_up(self) -> None:
        """Shut down the socket, so that a thread waiting for the server gets an error."""
        with suppress(OSError, AttributeError):  # the socket is already closed
            self._connection._sock.shutdown(SHUT_RDWR)  # type: ignore[attr-defined]

    def close(self) -> None:
        """Close the connection, whatever its state."""
        with suppress(pymysql.MySQLError):
            self._connection.close()


def _as_error(error: pymysql.MySQLError, statement: bytes | bytearray, where: str) -> CosmicError:
    head = TABLE.match(statement)
    shown = head[0] if head else bytes(statement[:80]).partition(b"(")[0]
    message = " ".join(str(argument) for argument in error.args[1:])
    code = error_code(error)
    details = [
        f"ERROR {code}: {redact_values(code, message)}",
        f"at: {shown[:80].decode('utf-8', 'replace')}",
    ]
    if _says_nothing_about_the_backup(code, message):
        return DatabaseError(
            "The database did not finish a statement of the load, which does not show whether the"
            f" backup is good: {details[0]}",
            where=where,
            todo="check the database, then run the command again; the live schema is unchanged",
            details=details,
        )
    return BackupError(
        "The backup did not load: the database refused a statement",
        todo="read the database's error below; the live schema is unchanged",
        details=details,
    )


def _says_nothing_about_the_backup(code: int, message: str) -> bool:
    is_passing = code in EXHAUSTED | READ_ONLY or NO_ROOM.search(message) is not None
    return is_passing or not is_refusal_code(code)
