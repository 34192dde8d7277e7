"""Server settings that change what a dump or a load sees.

Under each setting, a backup is restored unchanged or refused by name. A setting is set globally, so
that every new session has it, including the sessions of the dump tool.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pymysql
import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.restore.restore import restore_backup
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.swap.swap import drop_replaced_data
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.database.conftest import OTHERS
from tests.stack.stacks.databases import Servers, cursor, renew, run, run_all, snapshot

pytestmark = pytest.mark.stack

DATA = Path(__file__).parent / "hostile_settings"
# 40 columns of 255 bytes: a row with all values does not fit in a page of InnoDB.
WIDE = ", ".join(f"c{n} CHAR(255) CHARACTER SET latin1" for n in range(40))
VERSIONS = ("stable", *(pytest.param(each, marks=pytest.mark.torture) for each in OTHERS))

# Settings under which a backup is restored unchanged.
HARMLESS = {
    "sql_select_limit": "1000",
    "sql_safe_updates": "1",
    "completion_type": "2",
    "sql_mode": "'ANSI,PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES,TRADITIONAL'",
    "sql_quote_show_create": "0",
    "sql_auto_is_null": "1",
    "innodb_strict_mode": "1",
    "foreign_key_checks": "1",
    "unique_checks": "1",
    "character_set_client": "latin1",
    "character_set_results": "latin1",
    "character_set_connection": "latin1",
    "character_set_server": "latin1",
    "time_zone": "'+05:30'",
    "group_concat_max_len": "4",
    "lock_wait_timeout": "1",
    "innodb_lock_wait_timeout": "1",
    "autocommit": "0",
    "default_storage_engine": "MyISAM",
    "explicit_defaults_for_timestamp": "0",
    "wait_timeout": "1",
    "interactive_timeout": "1",
    "net_read_timeout": "1",
    "net_write_timeout": "1",
    "lc_messages": "'de_DE'",
    "lc_time_names": "'de_DE'",
    "max_error_count": "0",
    "div_precision_increment": "0",
    "max_sort_length": "64",
    "event_scheduler": "1",
}
MARIADB = {
    "sql_mode": "'ORACLE,EMPTY_STRING_IS_NULL,PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES'",
    "max_statement_time": "0.02",
    "check_constraint_checks": "1",
    "tx_read_only": "1",
    "tx_isolation": "'SERIALIZABLE'",
    "enforce_storage_engine": "Aria",
    "old_mode": "'ZERO_DATE_TIME_CAST,NO_PROGRESS_INFO,NO_DUP_KEY_WARNINGS_WITH_IGNORE'",
    "idle_transaction_timeout": "1",
    "sql_if_exists": "1",
    "alter_algorithm": "'INSTANT'",
    "innodb_compression_default": "1",
}
MYSQL = {
    "max_join_size": "1",
    "max_execution_time": "500",
    "transaction_read_only": "1",
    "transaction_isolation": "'SERIALIZABLE'",
    "sql_require_primary_key": "1",
    "sql_generate_invisible_primary_key": "1",
    "show_gipk_in_create_table_and_information_schema": "0",
    "default_collation_for_utf8mb4": "utf8mb4_general_ci",
    "information_schema_stats_expiry": "86400",
}
NAMES = sorted({*HARMLESS, *MARIADB, *MYSQL})
# Settings that the dump tool of MySQL 8.0 has no option for. Later dump tools have one.
NOT_TOLD = {
    # Only if the client's character set is the server's own: the server then ignores the client's.
    "character_set_connection": "character_set_connection = latin1",
    "character_set_results": "character_set_results = latin1",
    "max_join_size": "sql_big_selects = 0",
    "max_execution_time": "max_execution_time = 500",
    "show_gipk_in_create_table_and_information_schema": "information_schema = 0",
}
MODES = (
    "ANSI",
    "ORACLE",
    "TRADITIONAL",
    "PIPES_AS_CONCAT,IGNORE_SPACE,HIGH_NOT_PRECEDENCE",
    "NO_BACKSLASH_ESCAPES",
    "PAD_CHAR_TO_FULL_LENGTH",
    "EMPTY_STRING_IS_NULL",
    "NO_AUTO_VALUE_ON_ZERO,NO_UNSIGNED_SUBTRACTION",
    "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE",
    "TIME_ROUND_FRACTIONAL",
    "SIMULTANEOUS_ASSIGNMENT,REAL_AS_FLOAT",
)


@contextmanager
def globally(access: DatabaseAccess, values: Mapping[str, str]) -> Iterator[None]:
    """During the block, give new sessions of the server other values."""
    names = ", ".join(f"@@GLOBAL.{name}" for name in values)
    [before] = run(access, f"SELECT {names}", schema=None)
    # GLOBAL applies to all variables that follow in the statement.
    run(access, "SET GLOBAL " + ", ".join(map(" = ".join, values.items())), schema=None)
    try:
        yield
    finally:
        back = ", ".join(f"{name} = %s" for name in values)
        run(access, f"SET GLOBAL {back}", *before, schema=None)


@dataclass(frozen=True)
class Filled:
    """A server with every kind of data that a setting might change, and its snapshot."""

    access: DatabaseAccess
    original: dict[str, Any]
    hostile: dict[str, str]


@pytest.fixture(scope="module", params=VERSIONS)
def filled(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Filled]:
    access, vendor = servers(request.param), "mariadb"
    hostile = HARMLESS | MARIADB
    if request.param.startswith("mysql"):
        vendor, hostile = "mysql", HARMLESS | MYSQL
    if request.param == "mysql-8":
        hostile = {name: value for name, value in hostile.items() if name not in NOT_TOLD}
    renew(access)
    for name in ("schema", vendor):
        run_all(access, (DATA / f"{name}.sql").read_text(encoding="utf-8"))
    with cursor(access) as opened:
        opened.execute("SET SESSION innodb_strict_mode = 0")
        opened.execute(f"CREATE TABLE wide (id INT PRIMARY KEY, {WIDE})")
        opened.execute("INSERT INTO wide (id, c0, c39) VALUES (1, 'a', 'b')")
        opened.executemany("INSERT INTO many (v) VALUES (%s)", [(n,) for n in range(2500)])
    yield Filled(access, snapshot(access), hostile)
    renew(access)


def round_trip(engine: Engine, access: DatabaseAccess, catalogue: Catalogue) -> None:
    """Back up, delete a row, drop a table, and restore."""
    backup = create_backup(engine, access, catalogue)
    assert backup.manifest.objects.tables["many"].before == 2500
    with open_session(access) as session:
        session.execute("DELETE FROM many LIMIT 1")
        session.execute("DROP TABLE wide")
    restore_backup(engine, access, backup)
    drop_replaced_data(access)


def assert_equal(found: dict[str, Any], original: dict[str, Any]) -> None:
    assert found.keys() == original.keys()
    assert {key: found[key] for key in found if found[key] != original[key]} == {}


@pytest.mark.fault("server with hostile settings")
def test_a_backup_is_restored_unchanged_under_all_hostile_settings_together(
    engine: Engine, filled: Filled, catalogue: Catalogue
) -> None:
    with globally(filled.access, filled.hostile):
        round_trip(engine, filled.access, catalogue)
    assert_equal(snapshot(filled.access), filled.original)


@pytest.mark.torture
@pytest.mark.parametrize("name", NAMES)
def test_a_backup_is_restored_unchanged_under_each_hostile_setting(
    engine: Engine, filled: Filled, catalogue: Catalogue, name: str
) -> None:
    if name not in filled.hostile:
        return  # the server lacks it
    with globally(filled.access, {name: filled.hostile[name]}):
        round_trip(engine, filled.access, catalogue)
    assert_equal(snapshot(filled.access), filled.original)


@pytest.mark.torture
@pytest.mark.parametrize("mode", MODES)
def test_a_backup_is_restored_unchanged_under_each_sql_mode(
    engine: Engine, filled: Filled, catalogue: Catalogue, mode: str
) -> None:
    try:
        run(filled.access, "SET SESSION sql_mode = %s", mode)
    except pymysql.MySQLError:
        return  # the server lacks it
    with globally(filled.access, {"sql_mode": f"'{mode}'"}):
        round_trip(engine, filled.access, catalogue)
    assert_equal(snapshot(filled.access), filled.original)


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("SET NAMES latin1", "character_set_client = latin1"),
        ("SET character_set_results = latin1", "character_set_results = latin1"),
        ("SET max_join_size = 1", "sql_big_selects = 0"),
    ],
)
@pytest.mark.fault("server with hostile settings")
def test_settings_that_the_dump_tool_cannot_change_are_refused_by_name_before_the_dump(
    engine: Engine, mariadb: DatabaseAccess, catalogue: Catalogue, command: str, named: str
) -> None:
    renew(mariadb)
    account = replace(mariadb, user="dumper", password="d")
    run_all(
        mariadb,
        "CREATE OR REPLACE USER dumper@'%' IDENTIFIED BY 'd'\n\n"
        "GRANT ALL ON platform.* TO dumper@'%'\n\nGRANT SELECT ON mysql.* TO dumper@'%'",
    )
    seen: list[int] = []
    with (
        globally(mariadb, {"init_connect": f"'{command}'"}),
        pytest.raises(BackupError, match=named) as caught,
    ):
        create_backup(engine, account, catalogue, on_bytes=seen.append)
    run(mariadb, "DROP USER dumper@'%'")
    assert "init_connect" in caught.value.todo
    assert seen == []


@pytest.mark.torture
@pytest.mark.parametrize("name", NOT_TOLD)
@pytest.mark.fault("server with hostile settings")
def test_settings_that_an_older_dump_tool_of_mysql_cannot_change_are_refused_by_name(
    engine: Engine, servers: Servers, catalogue: Catalogue, name: str
) -> None:
    server = servers("mysql-8")
    renew(server)
    run(server, "CREATE TABLE t (id INT PRIMARY KEY)")
    with (
        globally(server, {name: (HARMLESS | MYSQL)[name]}),
        pytest.raises(BackupError, match=NOT_TOLD[name]) as caught,
    ):
        create_backup(engine, server, catalogue)
    assert "SET GLOBAL" in caught.value.todo
