"""Database servers in containers, and snapshots of their schemas."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import docker
import pymysql

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.errors import DatabaseError
from cosmicdeploy.stack.variables.environment import read_env_file
from tests.stack.support.harness import IMAGES

# Version → the make target that gets the version's image, and the image's variable.
VERSIONS = {
    "stable": ("images", "MARIADB_IMAGE"),
    "newest": ("images-next", "MARIADB_IMAGE"),
    "mysql-8": ("images-mysql", "MYSQL_IMAGE"),
    "mysql-9": ("images-mysql-newest", "MYSQL_IMAGE"),
}
PASSWORD = "p'\"\\$# `w"
NAME = "platform"
Servers = Callable[[str], DatabaseAccess]
# Columns of SHOW CREATE that are not part of the definition.
IGNORED_COLUMNS = ("Created",)
FUNCTIONAL_KEY = re.compile(r"KEY `[^\n]*\(\(")
# MySQL shows a column's character set only if the column was created with a collation. Columns from
# a dump always are, so snapshots leave this character set out.
IMPLIED = re.compile(r" CHARACTER SET \w+(?= COLLATE \w+)")


@contextmanager
def started(image: str, *options: str) -> Iterator[DatabaseAccess]:
    """Run a database server in a container, with these options; remove it at the end."""
    container = docker.from_env().containers.run(
        image,
        list(options),
        name=f"cosmicdeploy-test-database-{secrets.token_hex(3)}",
        environment={
            f"{vendor}_{key}": value
            for vendor in ("MARIADB", "MYSQL")
            for key, value in (("ROOT_PASSWORD", PASSWORD), ("DATABASE", NAME))
        },
        ports={"3306/tcp": ("127.0.0.1", None)},
        tmpfs={"/var/lib/mysql": ""},  # hundreds of DDL statements would wait for the disk
        detach=True,
    )
    try:
        container.reload()
        access = DatabaseAccess(
            container_id=container.id,
            host="127.0.0.1",
            port=int(container.ports["3306/tcp"][0]["HostPort"]),
            name=NAME,
            user="root",
            password=PASSWORD,
        )
        wait_for(access)
        yield access
    finally:
        container.remove(force=True, v=True)


def image(version: str) -> str:
    """Return the image of a version."""
    target, variable = VERSIONS[version]
    path = IMAGES.with_name(f"{target}.env")
    assert path.is_file(), f"{path} is missing: run `make {target}`"
    return read_env_file(path)[variable]


def wait_for(access: DatabaseAccess) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with open_facts(access) as facts:
                return facts.ping()
        except DatabaseError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


@contextmanager
def cursor(access: DatabaseAccess, schema: str | None = NAME) -> Iterator[Any]:
    """Open a cursor on a new connection."""
    with (
        pymysql.connect(
            host=access.host,
            port=access.port,
            user=access.user,
            password=access.password,
            database=schema,
            charset="utf8mb4",
            autocommit=True,
        ) as connection,
        connection.cursor() as opened,
    ):
        yield opened


def run(access: DatabaseAccess, sql: str, *args: object, schema: str | None = NAME) -> list[Any]:
    """Run a statement in a schema, and return its rows."""
    with cursor(access, schema) as opened:
        opened.execute(sql, args or None)
        return list(opened.fetchall())


def run_all(access: DatabaseAccess, script: str, schema: str | None = NAME) -> None:
    """Run statements that are separated by blank lines."""
    with cursor(access, schema) as opened:
        for statement in script.strip().split("\n\n"):
            opened.execute(statement)


def renew(access: DatabaseAccess, charset: str = "utf8mb4") -> None:
    """Drop all schemas of the tests, and create an empty schema `NAME`."""
    with cursor(access, None) as opened:
        opened.execute(
            "SET foreign_key_checks = 0"
        )  # a failed test may leave foreign keys between schemas
        opened.execute(f"SHOW DATABASES LIKE '{NAME}%'")
        for (schema,) in opened.fetchall():
            opened.execute("DROP DATABASE `{}`".format(schema.replace("`", "``")))
        opened.execute(f"CREATE DATABASE {NAME} CHARACTER SET {charset}")


def schemas(access: DatabaseAccess) -> set[str]:
    with cursor(access, None) as opened:
        opened.execute(f"SHOW DATABASES LIKE '{NAME}%'")
        return {str(row[0]) for row in opened.fetchall()}


def snapshot(access: DatabaseAccess, schema: str = NAME) -> dict[str, Any]:
    """Return all definitions, settings and rows of a schema, as the server shows them."""
    content: dict[str, Any] = {}
    with cursor(access, schema) as opened:
        opened.execute(
            "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = %s",
            [schema],
        )
        content["schema"] = opened.fetchone()
        for kind, name in objects(opened, schema):
            quoted = "`" + name.replace("`", "``") + "`"
            content[f"{kind} {name}"] = definition = shown(opened, f"SHOW CREATE {kind} {quoted}")
            if kind == "TABLE":
                content[f"data of {name}"] = checksum(opened, quoted, definition)
                content[f"rows of {name}"] = rows(opened, schema, name)
    return content


def shown(opened: Any, statement: str) -> list[Any]:
    """Return the row of a SHOW CREATE statement; its texts may hold bytes that are not UTF-8."""
    opened.connection.use_unicode = False
    try:
        opened.execute(statement)
    finally:
        opened.connection.use_unicode = True
    columns = [each[0] for each in opened.description]
    return [
        IMPLIED.sub("", value.decode("utf-8", "backslashreplace"))
        if isinstance(value, bytes)
        else value
        for column, value in zip(columns, opened.fetchone(), strict=True)
        if column not in IGNORED_COLUMNS
    ]


def checksum(opened: Any, table: str, definition: list[Any]) -> int | None:
    """Return the server's checksum of a table.

    Returns None for a table with a functional key. MySQL's checksum includes the key's hidden
    column: it differs between a table and its copy, and with a multi-valued key even between two
    calls.
    """
    if any(FUNCTIONAL_KEY.search(str(text)) for text in definition):
        return None
    opened.execute(f"CHECKSUM TABLE {table} EXTENDED")
    checksum: int = opened.fetchone()[1]
    return checksum


def rows(opened: Any, schema: str, table: str) -> list[str]:
    """Return the rows of a table, including invisible columns; texts as hexadecimal stored bytes.

    Numbers are returned as they are, since HEX would round them.
    """
    opened.execute(
        "SELECT column_name, character_set_name IS NOT NULL OR data_type = 'vector'"
        " FROM information_schema.columns"
        " WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
        [schema, table],
    )
    columns = [("`" + name.replace("`", "``") + "`", bytes_) for name, bytes_ in opened.fetchall()]
    listed = ", ".join(f"HEX({name})" if bytes_ else name for name, bytes_ in columns)
    quoted = "`" + table.replace("`", "``") + "`"
    opened.execute(f"SELECT {listed} FROM {quoted}")  # noqa: S608
    return sorted(map(repr, opened.fetchall()))


def objects(opened: Any, schema: str) -> list[tuple[str, str]]:
    opened.execute(
        "SELECT IF(table_type = 'VIEW', 'VIEW', 'TABLE'), table_name"
        "  FROM information_schema.tables WHERE table_schema = %s"
        " UNION ALL SELECT routine_type, routine_name"
        "  FROM information_schema.routines WHERE routine_schema = %s"
        " UNION ALL SELECT 'TRIGGER', trigger_name"
        "  FROM information_schema.triggers WHERE trigger_schema = %s"
        " UNION ALL SELECT 'EVENT', event_name"
        "  FROM information_schema.events WHERE event_schema = %s",
        [schema] * 4,
    )
    return list(opened.fetchall())
