"""How to reach the database, and one session with it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from cosmicdeploy.errors import DatabaseError
from cosmicdeploy.signals import interruptible

CONNECT_TIMEOUT = 5
READ_TIMEOUT = 600
# For sessions that have nothing to do while others load.
LONGEST_LOAD = 7 * 86400

# What a server may be told to give any session of less than all, or none, without an error or with
# one: rows of a SELECT or a SHOW, reads of large tables, long statements, changes without a key.
# A client says this after whatever the server runs for it (init_connect).
NO_LIMIT = (1 << 64) - 1
OWN_LIMITS = (
    f"SET SESSION sql_select_limit = {NO_LIMIT}, sql_big_selects = 1, sql_safe_updates = 0,"
    " completion_type = 0"
    "/*M!100100 , max_statement_time = 0 *//*!50708 , max_execution_time = 0 */"
)

ACCESS_DENIED = frozenset({1044, 1045, 1698})
UNKNOWN_DATABASE = 1049
UNREACHABLE = frozenset({2002, 2003, 2005})


@dataclass(frozen=True, kw_only=True)
class DatabaseAccess:
    """Where the database is: its container for dumps and restores, its address for queries."""

    container_id: str
    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)

    @property
    def where(self) -> str:
        """The database as people name it."""
        return f"{self.user}@{self.host}:{self.port}/{self.name}"


class Session:
    """One connection; every statement commits by itself. Errors come as `DatabaseError`."""

    def __init__(self, connection: Connection[Cursor], where: str) -> None:
        self._connection = connection
        self.where = where

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run one statement; its rows."""
        with self._ran(sql, *parameters) as cursor:
            return list(cursor.fetchall())

    def row(self, sql: str) -> dict[str, Any]:
        """Run one statement; its first row by the columns' names."""
        with self._ran(sql) as cursor:
            names = [column[0] for column in cursor.description]
            return dict(zip(names, cursor.fetchone() or (), strict=True))

    def execute(self, sql: str | bytes, *parameters: object) -> None:
        """Run one statement that returns nothing of interest; bytes are sent as they are."""
        with self._ran(sql, *parameters):
            pass

    def hold(self, lock: str, seconds: float = 0) -> bool:
        """Wait for a lock of the server's, and hold it as long as this session; whether it came."""
        return self.rows("SELECT GET_LOCK(%s, %s)", lock, seconds) == [(1,)]

    def linger(self) -> None:
        """Stay open without a statement for as long as a load may take."""
        self.execute(f"SET SESSION wait_timeout = {LONGEST_LOAD}")

    @contextmanager
    def _ran(self, sql: str | bytes, *parameters: object) -> Iterator[Cursor]:
        try:
            with self._connection.cursor() as cursor:
                with interruptible():  # the driver takes bytes as well
                    cursor.execute(cast(str, sql), parameters or None)
                yield cursor
        except pymysql.MySQLError as error:
            raise explained(error, self.where) from error

    def use(self, schema: str) -> None:
        """Make a schema the current one: names without a schema then mean it."""
        self.execute(f"USE {quoted(schema)}")


@contextmanager
def open_session(access: DatabaseAccess, silence: float = READ_TIMEOUT) -> Iterator[Session]:
    """A session with the database, closed at the end; it waits `silence` seconds for an answer.

    Raises `DatabaseError` where it cannot be reached, refuses the user or has no such schema.
    """
    connection = connected(access, access.name, silence=silence)
    try:
        yield Session(connection, access.where)
    finally:
        connection.close()


def connected(
    access: DatabaseAccess, schema: str, *, silence: float, push: float | None = None
) -> Connection[Cursor]:
    """A connection of the driver's, in autocommit, with `schema` as the current one.

    `silence` bounds each wait for the server's words, `push` each wait to send, in seconds.
    Raises `DatabaseError` as `open_session` does.
    """
    try:
        with interruptible():
            return _Connection(
                host=access.host,
                port=access.port,
                user=access.user,
                password=access.password,
                database=schema,
                charset="utf8mb4",
                autocommit=True,
                init_command=OWN_LIMITS,
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=silence,
                write_timeout=push,
            )
    except (pymysql.MySQLError, RuntimeError) as error:
        raise explained(error, access.where) from error


class _Connection(Connection):
    """The driver's, with one TLS context for all of them.

    The driver uses TLS where the server offers it, and verifies nothing then. It makes a context
    for each connection all the same, and reads the machine's certificates for it: 20 ms.
    """

    def _create_ssl_ctx(self, _options: object) -> ssl.SSLContext:
        return _unverified()


@cache
def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def error_code(error: BaseException | None) -> int:
    """The server's or the driver's error number; 0 where there is none."""
    number = error.args[0] if error is not None and error.args else 0
    return number if isinstance(number, int) else 0


def explained(error: Exception, where: str) -> DatabaseError:
    """A driver's error in words that say what to do."""
    code = error_code(error)
    if code in ACCESS_DENIED:
        return DatabaseError(
            "the database refuses this user or password",
            where=where,
            todo="check the database user and password in the configuration and .env",
        )
    if code == UNKNOWN_DATABASE:
        return DatabaseError(
            "the server has no such database",
            where=where,
            todo="check the database's name in the configuration",
        )
    if code in UNREACHABLE:
        return DatabaseError(
            "the database cannot be reached",
            where=where,
            todo="check that its container runs and publishes this port",
            details=[str(error)],
        )
    return DatabaseError(f"the database answered: {_message(error)}", where=where)


def quoted(name: str) -> str:
    """A schema's, table's or view's name as SQL identifier."""
    return "`" + name.replace("`", "``") + "`"


def _message(error: Exception) -> str:
    return " ".join(str(argument) for argument in error.args) or type(error).__name__
