"""A session with the database: run statements, read rows, take locks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from cosmicdeploy.database.access import (
    READ_TIMEOUT,
    DatabaseAccess,
    as_database_error,
    connect,
    error_code,
    quoted,
)
from cosmicdeploy.database.session_settings import LOCK_WAIT, QUERY_MODE
from cosmicdeploy.database.vendors import Vendor, vendor_of
from cosmicdeploy.errors import DatabaseError
from cosmicdeploy.process.polling import poll
from cosmicdeploy.process.signals import interruptible

# How long, in seconds, a session may stay idle while other connections load a backup.
MAX_LOAD_SECONDS = 7 * 86400
RESET = (
    f"SET SESSION sql_mode = '{QUERY_MODE}', time_zone = DEFAULT, character_set_client = utf8mb4,"
    " character_set_results = utf8mb4, collation_connection = utf8mb4_bin,"
    f" lock_wait_timeout = {LOCK_WAIT}"
)
# The driver would treat a % in a quoted name as a parameter, so the % is doubled.
QUOTED_NAME = re.compile(r"`(?:[^`]|``)*`")
# How long one attempt of a statement waits for exclusive access to a table. The time is short,
# since this wait blocks every later query on the table.
LOCK_WAIT_SECONDS = 3
# How long the attempts continue.
GIVE_UP_SECONDS = 60
# The server's error number for a lock that was not released in time.
LOCK_WAIT_TIMEOUT = 1205
# Error numbers of the server, and those among them that the driver uses for faults of the
# connection.
SERVER_ERRORS = range(1000, 6000)
DRIVER_ERRORS = range(2000, 3000)
# The server's error numbers for a statement or session that it has ended: shutdown, deadlock,
# KILL, a statement's time limit, an idle client.
ENDED = frozenset({1053, 1213, 1317, 1927, 1969, 3024, 3169, 4031})


class Session:
    """A connection in autocommit mode. All methods raise `DatabaseError`."""

    def __init__(self, connection: Connection[Cursor], where: str) -> None:
        self._connection = connection
        self.where = where

    @cached_property
    def version(self) -> str:
        """The server's version, as the server reports it."""
        return str(self.rows("SELECT VERSION()")[0][0])

    @cached_property
    def vendor(self) -> Vendor:
        """The server's vendor."""
        return vendor_of(self.version)

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        with self._run(sql, *parameters) as cursor:
            return list(cursor.fetchall())

    def row(self, sql: str) -> dict[str, Any]:
        """Run one statement and return its first row, which must exist, as column → value."""
        with self._run(sql) as cursor:
            names = [column[0] for column in cursor.description]
            return dict(zip(names, cursor.fetchone() or (), strict=True))

    def exact_row(self, sql: str) -> dict[str, Any]:
        """Run one statement like `row`; raise `DatabaseError` for a text that is not UTF-8."""
        lenient, self._connection.encoding = self._connection.encoding, "utf-8"
        try:
            return self.row(sql)
        finally:
            self._connection.encoding = lenient

    def execute(self, sql: str | bytes, *parameters: object) -> None:
        """Run one statement and ignore its result; bytes are sent unchanged."""
        with self._run(sql, *parameters):
            pass

    def acquire_lock(self, name: str, seconds: float = 0) -> bool:
        """Wait up to `seconds` for a named lock; return whether the session now holds it.

        The server releases the lock when the session ends.
        """
        return self.rows("SELECT GET_LOCK(%s, %s)", name, seconds) == [(1,)]

    def reset(self) -> None:
        """Set mode, time zone, character sets, collation and lock wait to their initial values."""
        self.execute(RESET)

    def stay_open(self) -> None:
        """Keep the server from closing the session while it is idle during a load."""
        self.execute(f"SET SESSION wait_timeout = {MAX_LOAD_SECONDS}")

    @contextmanager
    def _run(self, sql: str | bytes, *parameters: object) -> Iterator[Cursor]:
        try:
            with self._connection.cursor() as cursor:
                if parameters and isinstance(sql, str):
                    sql = QUOTED_NAME.sub(lambda name: name[0].replace("%", "%%"), sql)
                with interruptible():  # the driver also accepts bytes, unlike its type hints
                    cursor.execute(cast(str, sql), parameters or None)
                yield cursor
        except pymysql.MySQLError as error:
            raise as_database_error(error, self.where) from error
        except UnicodeDecodeError as error:
            raise DatabaseError(
                f"The server's answer to {sql!r} is not UTF-8",
                where=self.where,
                todo="create this object again, with a text in UTF-8",
            ) from error

    def use(self, schema: str) -> None:
        """Make a schema the current one; table names without a schema then refer to it."""
        self.execute(f"USE {quoted(schema)}")


@contextmanager
def open_session(access: DatabaseAccess, read_timeout: float = READ_TIMEOUT) -> Iterator[Session]:
    """Open a session whose current schema is the live one; close it at the end of the block.

    The session waits up to `read_timeout` seconds for each answer. Raises `DatabaseError` if the
    server cannot be reached, refuses the user or has no such schema.
    """
    connection = connect(access, access.name, read_timeout=read_timeout)
    try:
        yield Session(connection, access.where)
    finally:
        connection.close()


def execute_when_unlocked(session: Session, statement: str | bytes) -> None:
    """Run a statement that needs exclusive access to tables, trying again while they are locked.

    Each attempt waits up to 3 seconds for the locks, and the session keeps this limit afterwards.
    Raises `DatabaseError` if the statement fails, or if a table is still locked after a minute.
    """
    session.execute(f"SET SESSION lock_wait_timeout = {LOCK_WAIT_SECONDS}")

    def attempt() -> DatabaseError | None:
        try:
            session.execute(statement)
        except DatabaseError as error:
            if not _is_lock_timeout(error):
                raise
            return error
        return None

    if error := poll(attempt, until=lambda error: error is None, every=1, within=GIVE_UP_SECONDS):
        raise error


def is_refusal(error: DatabaseError) -> bool:
    """Return whether the server refused a statement permanently.

    False if the server did not answer, ended the statement or the session, or gave up the wait for
    a lock.
    """
    return is_refusal_code(error_code(error.__cause__))


def is_refusal_code(code: int) -> bool:
    """Return whether an error with this number is a refusal, as in `is_refusal`."""
    is_lasting = code not in {*ENDED, LOCK_WAIT_TIMEOUT}
    return code in SERVER_ERRORS and code not in DRIVER_ERRORS and is_lasting


def _is_lock_timeout(error: BaseException) -> bool:
    return error_code(error.__cause__) == LOCK_WAIT_TIMEOUT
