"""Connect to the database, and convert the driver's errors to `DatabaseError`."""

from __future__ import annotations

import codecs
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from cosmicdeploy.database.bookkeeping import LARAVEL, Bookkeeping
from cosmicdeploy.database.session_settings import (
    TRANSACTIONS,
    Kind,
    SessionSetting,
    set_all,
    settings_of,
)
from cosmicdeploy.errors import DatabaseError, DatabaseSilent
from cosmicdeploy.process.signals import interruptible

# Seconds. A frozen server still accepts connections, so CONNECT_TIMEOUT alone does not end the wait
# for it. GREETING_TIMEOUT limits the wait for each answer until the session is set up.
CONNECT_TIMEOUT = 5
GREETING_TIMEOUT = 10
READ_TIMEOUT = 600

# The name of a codec. The defaults of columns may hold bytes that are not UTF-8: MariaDB sends
# binary defaults, and both servers send codes that stand for no character. With Python's own UTF-8
# codec, the driver would raise an error at such bytes.
LENIENT = "cosmicdeploy_lenient_utf8"

# Error numbers: UNREACHABLE and LOST hold numbers of the driver, the others numbers of the server.
ACCESS_DENIED = frozenset({1044, 1045, 1698})
UNKNOWN_DATABASE = 1049
UNKNOWN_VARIABLE, RESTRICTED_VARIABLE, WRONG_VALUE = 1193, 1227, 1231
UNREACHABLE = frozenset({2002, 2003, 2005})
LOST = 2013


@dataclass(frozen=True, kw_only=True)
class DatabaseAccess:
    """How to reach the database: its container (for dumps), address, schema and user.

    `name` is the schema that the application uses: the live one. `bookkeeping` is its table of
    migrations; None if no framework keeps one.
    """

    container_id: str
    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)
    bookkeeping: Bookkeeping | None = field(default=LARAVEL, repr=False)

    @property
    def where(self) -> str:
        """The database as messages show it: user@host:port/name."""
        return f"{self.user}@{self.host}:{self.port}/{self.name}"


def connect(
    access: DatabaseAccess,
    schema: str,
    *,
    read_timeout: float | None,
    write_timeout: float = READ_TIMEOUT,
    kind: Kind = "queries",
) -> Connection[Cursor]:
    """Return a connection of the driver in autocommit mode, with `schema` as the current schema.

    The session gets the settings for its `kind`, whatever the server's own settings are.

    `read_timeout` limits each wait for the server's answer to a statement, in seconds; None means
    no limit. `write_timeout` limits each wait to send, in seconds. While the connection is set up,
    the server has `GREETING_TIMEOUT` seconds for each answer, or less if `read_timeout` is shorter.
    Raises `DatabaseError` if the server cannot be reached, does not answer, refuses the user or has
    no such schema.
    """
    greeting = min(GREETING_TIMEOUT, read_timeout or GREETING_TIMEOUT)
    try:
        with interruptible():
            connection = _Connection(
                host=access.host,
                port=access.port,
                user=access.user,
                password=access.password,
                database=schema,
                charset="utf8mb4",
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=greeting,
                write_timeout=write_timeout,
            )
            set_up(connection, kind)
            connection.encoding = LENIENT
    # The driver raises `RuntimeError` if it lacks a package that the user's authentication needs.
    except (pymysql.MySQLError, RuntimeError) as error:
        if error_code(error) == LOST:
            raise _silent(error, access.where) from error
        raise as_database_error(error, access.where) from error
    limit_reads(connection, read_timeout)
    return connection


def _lenient_codec(name: str) -> codecs.CodecInfo | None:
    """Return the codec `LENIENT` for the driver; None if the name is that of another codec.

    It is UTF-8, but decodes a byte that is not UTF-8 as its escape, such as `\\xff`.
    """
    if name != LENIENT:
        return None
    utf8 = codecs.lookup("utf-8")
    return codecs.CodecInfo(
        utf8.encode, lambda data, _errors="strict": utf8.decode(data, "backslashreplace"), name=name
    )


codecs.register(_lenient_codec)


def limit_reads(connection: Connection[Cursor], seconds: float | None) -> None:
    """Limit each later wait for the server's answer; None means no limit."""
    # The driver takes a single limit, for the server's greeting and for all statements. Before it
    # reads a packet, it sets the limit of the socket to this attribute.
    connection._read_timeout = seconds  # type: ignore[attr-defined]


def set_up(connection: Connection[Cursor], kind: Kind) -> None:
    """Set a session's variables, after the server has run its init_connect.

    Skips variables that this version of the server lacks, and `restricted` ones that this user may
    not set. Raises the driver's error if the server refuses the value of any other variable, unless
    the session already has that value.
    """
    try:
        connection.query(set_all(kind))
    except pymysql.MySQLError as error:
        if error_code(error) not in (UNKNOWN_VARIABLE, RESTRICTED_VARIABLE, WRONG_VALUE):
            raise
        # The server lacks a variable, refuses its value, or does not let this user set it.
        _set_known(connection, settings_of(kind, restricted=False))
    _set_known(connection, settings_of(kind, restricted=True))
    connection.query(TRANSACTIONS)


def _set_known(connection: Connection[Cursor], settings: Iterable[SessionSetting]) -> None:
    for each in settings:
        try:
            connection.query(each.statement)
        except pymysql.MySQLError as error:
            code = error_code(error)
            is_skipped = code == UNKNOWN_VARIABLE or (
                each.restricted and code == RESTRICTED_VARIABLE
            )
            is_refusal = code in (RESTRICTED_VARIABLE, WRONG_VALUE)
            if not is_skipped and not (is_refusal and _has_value(connection, each)):
                raise


def _has_value(connection: Connection[Cursor], setting: SessionSetting) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(setting.comparison)
        return cursor.fetchone() == (1,)


class _Connection(Connection):
    """The driver's connection, with one TLS context for all connections.

    The driver uses TLS if the server offers it, without verifying the server's certificate. The
    driver's own context would still read the machine's CA certificates for each connection, which
    takes 20 ms.
    """

    def _create_ssl_ctx(self, _options: object) -> ssl.SSLContext:
        return _unverified_context()


@cache
def _unverified_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def error_code(error: BaseException | None) -> int:
    """Return the error number of an error from the server or the driver; 0 if it has none."""
    number = error.args[0] if error is not None and error.args else 0
    return number if isinstance(number, int) else 0


def as_database_error(error: Exception, where: str) -> DatabaseError:
    """Convert an error of the driver to a `DatabaseError`; for common causes it says what to do."""
    code = error_code(error)
    if code in ACCESS_DENIED:
        return DatabaseError(
            "The database refuses this user or password",
            where=where,
            todo="check the user and password in the configuration and .env, and the user's"
            " privileges",
        )
    if code == UNKNOWN_DATABASE:
        return DatabaseError(
            "The server has no such database",
            where=where,
            todo="check the database's name in the configuration",
            details=[str(error)],  # names the schema, which may be another than the live one
        )
    if code in UNREACHABLE:
        return DatabaseError(
            "The database cannot be reached",
            where=where,
            todo="check that its container runs, and that the server in it listens on"
            " `database.port`",
            details=[str(error)],
        )
    return DatabaseError(f"Database error: {_message(error)}", where=where)


def _silent(error: Exception, where: str) -> DatabaseSilent:
    return DatabaseSilent(
        "The database accepts connections, but does not answer",
        where=where,
        todo="`docker ps` shows whether its container is paused or still starting, which may take"
        " minutes after a crash; restart it only if it is neither",
        details=[str(error)],
    )


def quoted(name: str) -> str:
    """Quote the name of a schema, table, column or other object as an SQL identifier."""
    return "`" + name.replace("`", "``") + "`"


def _message(error: Exception) -> str:
    return " ".join(str(argument) for argument in error.args) or type(error).__name__
