"""Run work on the database, and repeat it after temporary errors."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import pymysql
from pymysql.connections import Connection
from pymysql.constants import CR, ER
from pymysql.cursors import DictCursor

from cosmic_app.database.connection import connect
from cosmic_app.settings import DatabaseSettings

Result = TypeVar("Result")

RETRY_PAUSE_SECONDS = 0.05
CHECKREAD = 1020  # the row changed after the snapshot (MariaDB 11.6.2 and later)
TABLE_DEFINITION_CHANGED = 1412
SCHEMA_CODES = {ER.BAD_FIELD_ERROR, ER.NO_SUCH_TABLE, ER.WRONG_VALUE_COUNT_ON_ROW}
RETRY_CODES = {ER.LOCK_DEADLOCK, ER.LOCK_WAIT_TIMEOUT, CHECKREAD, TABLE_DEFINITION_CHANGED}
LOST_CODES = {
    0,  # PyMySQL: the connection is closed
    CR.CR_CONN_HOST_ERROR,
    CR.CR_SERVER_GONE_ERROR,
    CR.CR_SERVER_LOST,
    ER.SERVER_SHUTDOWN,
    1927,  # connection was killed
}


class DatabaseUnavailable(Exception):
    """The database did not do the work in time; the message is that of the last error."""


class Session:
    """One connection, opened at first use and again after it breaks. For one thread only."""

    def __init__(
        self,
        settings: DatabaseSettings,
        *,
        retry_seconds: float = 3.0,
        on_schema_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._retry_seconds = retry_seconds
        self._on_schema_change = on_schema_change
        self._connection: Connection[DictCursor] | None = None

    def transaction(self, work: Callable[[DictCursor], Result]) -> Result:
        """Do the work in a transaction and commit it; repeat both after a temporary error.

        The work must be safe to repeat: if the answer to a commit is lost, it runs again.
        Raises `DatabaseUnavailable` once `retry_seconds` are over, and `pymysql.MySQLError` for an
        error that a retry cannot fix.
        """
        return self._retry(lambda connection: _in_transaction(connection, work))

    def autocommit(self, work: Callable[[DictCursor], Result]) -> Result:
        """Do the work as `transaction` does, but commit each statement separately.

        This saves the round trips of BEGIN and COMMIT. Each statement must be valid on its own,
        since a failure leaves the earlier ones committed.
        """
        return self._retry(lambda connection: _with_cursor(connection, work))

    def _retry(self, work: Callable[[Connection[DictCursor]], Result]) -> Result:
        deadline = time.monotonic() + self._retry_seconds
        while True:
            try:
                return work(self._connected())
            except pymysql.MySQLError as error:
                self._recover(error)
                if time.monotonic() >= deadline:
                    raise DatabaseUnavailable(str(error)) from error
                time.sleep(RETRY_PAUSE_SECONDS)
            except BaseException:
                self.close()  # the next work must not continue this open transaction
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
        """Prepare the connection for a retry. Raises `error` if a retry cannot help."""
        code = error_code(error)
        is_lost = code in LOST_CODES or not (self._connection and self._connection.open)
        if is_lost:
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


def error_code(error: pymysql.MySQLError) -> int:
    """Return the error number of the server or the client, or 0 if there is none."""
    code = error.args[0] if error.args else 0
    return code if isinstance(code, int) else 0


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
