"""Connections to the database, and transactions that survive what passes by itself."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import pymysql
from pymysql.connections import Connection
from pymysql.constants import CR, ER
from pymysql.cursors import DictCursor

from cosmic_app.settings import DatabaseSettings

Result = TypeVar("Result")

LOCK_WAIT_SECONDS = 5
CHECKREAD = 1020  # snapshot isolation of MariaDB 11.6.2 and later
TABLE_DEFINITION_CHANGED = 1412
SCHEMA_CODES = {ER.BAD_FIELD_ERROR, ER.NO_SUCH_TABLE, ER.WRONG_VALUE_COUNT_ON_ROW}
RETRY_CODES = {ER.LOCK_DEADLOCK, ER.LOCK_WAIT_TIMEOUT, CHECKREAD, TABLE_DEFINITION_CHANGED}
LOST_CODES = {
    0,
    CR.CR_CONN_HOST_ERROR,
    CR.CR_SERVER_GONE_ERROR,
    CR.CR_SERVER_LOST,
    ER.SERVER_SHUTDOWN,
    1927,  # connection was killed
}

logger = logging.getLogger(__name__)


class DatabaseUnavailable(Exception):
    """The database did not take the work in time; the message says why."""


def connect(
    settings: DatabaseSettings, *, timeout: float = 7.0, autocommit: bool = False
) -> Connection[DictCursor]:
    """A connection in READ COMMITTED and UTC.

    `timeout` bounds each wait for the network, in seconds. Raises `pymysql.MySQLError`.
    """
    connection: Connection[DictCursor] = _Connection(
        host=settings.host,
        port=settings.port,
        user=settings.user,
        password=settings.password,
        database=settings.name,
        charset="utf8mb4",
        cursorclass=DictCursor,
        connect_timeout=max(1, min(3, int(timeout))),
        read_timeout=timeout,
        write_timeout=timeout,
        autocommit=autocommit,
        init_command="SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SET SESSION time_zone = '+00:00',"
            " lock_wait_timeout = %s, innodb_lock_wait_timeout = %s",
            (LOCK_WAIT_SECONDS, LOCK_WAIT_SECONDS),
        )
    return connection


# The driver's class is generic to the type checker alone.
_Driver = Connection[DictCursor] if TYPE_CHECKING else Connection


class _Connection(_Driver):
    """The driver's, with one TLS context for all of a process's connections.

    The driver uses TLS where the server offers it, and verifies nothing then. For each connection
    it reads all certificates of the system for it: most of the time that a connection takes.
    """

    def _create_ssl_ctx(self, _options: object) -> ssl.SSLContext:
        return _unverified()


@cache
def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Pulse:
    """Asks whether the database answers, on a connection of its own. For one asker at a time.

    The connection is kept: making one costs a replica more than all its answers in that time.
    """

    def __init__(self, settings: DatabaseSettings, *, timeout: float) -> None:
        """`timeout`: seconds for each wait for the network."""
        self._settings = settings
        self._timeout = timeout
        self._connection: Connection[DictCursor] | None = None

    def feel(self) -> None:
        """Return when it answers. Raises `pymysql.MySQLError` where a new connection fails too."""
        if self._connection is None or not self._answers(self._connection):
            self._connection = None
            self._connection = connect(self._settings, timeout=self._timeout)

    @staticmethod
    def _answers(connection: Connection[DictCursor]) -> bool:
        try:
            connection.ping(reconnect=False)
        except pymysql.MySQLError:
            return False
        return True


def error_code(error: pymysql.MySQLError) -> int:
    """The server's or the client's error number; 0 where there is none."""
    code = error.args[0] if error.args else 0
    return code if isinstance(code, int) else 0


class Session:
    """One connection, made when needed and made anew after it broke. For one thread only."""

    def __init__(
        self,
        settings: DatabaseSettings,
        *,
        patience: float = 3.0,
        on_schema_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`patience`: seconds during which a transaction is tried again."""
        self._settings = settings
        self._patience = patience
        self._on_schema_change = on_schema_change
        self._connection: Connection[DictCursor] | None = None

    def transaction(self, work: Callable[[DictCursor], Result]) -> Result:
        """Do the work and commit, again from its start where the cause passes by itself.

        Raises `DatabaseUnavailable` where patience ends, and `pymysql.MySQLError` on any other
        error. The work must be safe to repeat: a commit whose answer is lost is repeated too.
        """
        return self._patiently(lambda connection: _in_transaction(connection, work))

    def single(self, work: Callable[[DictCursor], Result]) -> Result:
        """As `transaction`, for work whose statements may each stand alone: each commits by itself,
        so that nobody waits for the database to hear of a beginning and an end."""
        return self._patiently(lambda connection: _with_cursor(connection, work))

    def _patiently(self, work: Callable[[Connection[DictCursor]], Result]) -> Result:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return work(self._connected())
            except pymysql.MySQLError as error:
                self._recover(error)
                if time.monotonic() >= deadline:
                    raise DatabaseUnavailable(str(error)) from error
                time.sleep(0.05)
            except BaseException:
                self.close()  # what comes next must not join a transaction that was left open
                raise

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection and self._connection.open:
            self._connection.close()
        self._connection = None

    def _connected(self) -> Connection[DictCursor]:
        if self._connection is None:
            self._connection = connect(self._settings, autocommit=True)
        return self._connection

    def _recover(self, error: pymysql.MySQLError) -> None:
        """Make ready for another try; raise the error where another try cannot help."""
        code = error_code(error)
        lost = code in LOST_CODES or not (self._connection and self._connection.open)
        if lost:
            self.close()
            return
        self._roll_back()
        if code in SCHEMA_CODES:
            self._on_schema_change()
        elif code not in RETRY_CODES:
            raise error

    def _roll_back(self) -> None:
        try:
            if self._connection:
                self._connection.rollback()
        except pymysql.MySQLError:
            self.close()


def _in_transaction(
    connection: Connection[DictCursor], work: Callable[[DictCursor], Result]
) -> Result:
    connection.begin()
    result = _with_cursor(connection, work)
    connection.commit()
    return result


def _with_cursor(
    connection: Connection[DictCursor], work: Callable[[DictCursor], Result]
) -> Result:
    with connection.cursor() as cursor:
        return work(cursor)
