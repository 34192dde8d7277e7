"""A temporary database server for the benchmark, with the settings of the shipped stack."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import docker
import pymysql

from benchmarks.data import statements
from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.session import open_session
from cosmicdeploy.errors import DatabaseError

COMMAND = ["mariadbd", "--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci"]
NANOSECONDS = 1_000_000_000


@contextmanager
def server(image: str) -> Iterator[DatabaseAccess]:
    """Start a database container; remove it with its data at the end."""
    client = docker.from_env()
    name = f"cosmicdeploy-bench-{secrets.token_hex(3)}"
    password = secrets.token_hex(12)
    container = client.containers.create(
        image,
        COMMAND,
        name=name,
        environment={"MARIADB_ROOT_PASSWORD": password, "MARIADB_DATABASE": "bench"},
        ports={"3306/tcp": ("127.0.0.1", None)},
    )
    try:
        container.start()
        container.reload()
        access = DatabaseAccess(
            container_id=container.id,
            host="127.0.0.1",
            port=int(container.ports["3306/tcp"][0]["HostPort"]),
            name="bench",
            user="root",
            password=password,
        )
        _wait_for(access)
        yield access
    finally:
        container.remove(force=True, v=True)


def _wait_for(access: DatabaseAccess) -> None:
    until = time.monotonic() + 90
    while True:
        try:
            with open_session(access) as session:
                return session.execute("SELECT 1")
        except DatabaseError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


def fill(access: DatabaseAccess, gigabytes: float) -> None:
    """Recreate the database with data whose dump has about this size."""
    fill_with(access, statements(gigabytes))


def fill_with(access: DatabaseAccess, content: Iterable[str]) -> None:
    """Recreate the database empty, and run these statements in it."""
    recreate(access, access.name)
    connection = pymysql.connect(
        host=access.host,
        port=access.port,
        user=access.user,
        password=access.password,
        database=access.name,
        autocommit=True,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SET unique_checks = 0, foreign_key_checks = 0")
        for statement in content:
            cursor.execute(statement)


def recreate(access: DatabaseAccess, schema: str) -> None:
    """Drop the schema if it exists, and create an empty one."""
    with open_session(access) as session:
        drop(access, schema)
        session.execute(f"CREATE DATABASE {schema} CHARACTER SET utf8mb4")


def drop(access: DatabaseAccess, schema: str) -> None:
    with open_session(access) as session:
        session.execute(f"DROP DATABASE IF EXISTS {schema}")


def checksums(access: DatabaseAccess, schema: str) -> dict[str, object]:
    """Return the server's checksum of the rows of each table."""
    with open_session(access) as session:
        session.use(schema)
        tables = [row[0] for row in session.rows("SHOW TABLES")]
        return {name: session.rows(f"CHECKSUM TABLE {name}")[0][1] for name in tables}


# Set in this order and reset in reverse, since the capacity may not exceed its maximum.
FLUSH_SETTINGS = {
    "innodb_max_dirty_pages_pct": 0,
    "innodb_io_capacity_max": 40000,
    "innodb_io_capacity": 20000,
}


def settle(access: DatabaseAccess) -> None:
    """Make the server flush the pages that the previous tool changed; wait up to 60 s."""
    with open_session(access) as session:
        previous = {name: session.rows(f"SELECT @@{name}")[0][0] for name in FLUSH_SETTINGS}
        for name, value in FLUSH_SETTINGS.items():
            session.execute(f"SET GLOBAL {name} = {value}")
        until = time.monotonic() + 60
        query = "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'"
        while int(session.rows(query)[0][1]) > 100 and time.monotonic() < until:
            time.sleep(0.2)
        for name, value in reversed(previous.items()):
            session.execute(f"SET GLOBAL {name} = {value}")


def cpu_seconds(access: DatabaseAccess) -> float:
    """Return the CPU seconds of the container so far, including the tools that run in it."""
    stats = docker.from_env().containers.get(access.container_id).stats(stream=False)
    return float(stats["cpu_stats"]["cpu_usage"]["total_usage"]) / NANOSECONDS
