"""Open connections to the database, and check that it answers."""

from __future__ import annotations

import ssl
from functools import cache
from typing import TYPE_CHECKING

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import DictCursor

from cosmic_app.settings import DatabaseSettings

LOCK_WAIT_SECONDS = 5


def connect(
    settings: DatabaseSettings, *, timeout: float = 7.0, autocommit: bool = False
) -> Connection[DictCursor]:
    """Open a connection that uses READ COMMITTED and UTC.

    `timeout` limits each wait for the network, in seconds. Raises `pymysql.MySQLError`.
    """
    connection: Connection[DictCursor] = _Connection(
        host=settings.host,
        port=settings.port,
        user=settings.user,
        password=settings.password,
        database=settings.name,
        charset="utf8mb4",
        cursorclass=DictCursor,
        connect_timeout=min(3.0, timeout),
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


# PyMySQL's class is generic only for type checkers, not at run time.
_Driver = Connection[DictCursor] if TYPE_CHECKING else Connection


class _Connection(_Driver):
    """A PyMySQL connection that shares one TLS context with all connections of the process.

    PyMySQL uses TLS when the server offers it, without verifying the certificate. It nevertheless
    loads all certificates of the system for each connection, which takes longer than connecting.
    """

    def _create_ssl_ctx(self, _options: object) -> ssl.SSLContext:
        return _unverified_tls_context()


@cache
def _unverified_tls_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class DatabasePing:
    """Checks that the database answers. For one caller at a time.

    Keeps a connection of its own open: opening one for each ping would cost more than the pings.
    """

    def __init__(self, settings: DatabaseSettings, *, timeout: float) -> None:
        """`timeout` limits each wait for the network, in seconds."""
        self._settings = settings
        self._timeout = timeout
        self._connection: Connection[DictCursor] | None = None

    def ping(self) -> None:
        """Return once the database has answered, over a new connection if the old one is broken.

        Raises `pymysql.MySQLError` if a new connection fails.
        """
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
