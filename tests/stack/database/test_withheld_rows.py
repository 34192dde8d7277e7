"""Server settings that hide rows, and bodies that break dump tools."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.restore.restore import restore_backup
from cosmicdeploy.database.restore.verify import verify_restore
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.swap.swap import drop_replaced_data
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.stacks.databases import renew, run, run_all, snapshot

pytestmark = pytest.mark.stack

MANY = """
CREATE TABLE many (id INT PRIMARY KEY, a INT, b INT)

INSERT INTO many SELECT seq, 1, 2 FROM seq_1_to_2500
"""
# All of these bodies contain the delimiter that a dump tool writes after each body.
BODIES = r"""
CREATE TABLE t (id INT PRIMARY KEY)

CREATE PROCEDURE texts() BEGIN SELECT 'a;;b', ";;
;;", 'it\'s ;; \\', "\";;"; END

CREATE PROCEDURE comments() BEGIN /* ;; it's */
-- it's ;; "here
# and ;; it's
SELECT 1 AS `;;`, 5--3; /*
DELIMITER $$
;;
*/ END -- ;;

CREATE PROCEDURE words() BEGIN DECLARE delimiter INT; SET delimiter = 1;
SELECT delimiter, '
DELIMITER $$
', '$$', '\\g'; END

CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN SET @x = ';;'; /* $$ ;; */ END
"""
EVENT = (
    "CREATE EVENT ev ON SCHEDULE EVERY 1 DAY COMMENT ';;' DO BEGIN\r\n-- ;;\r\nSELECT ';;',"
    " 'it\\'s';\r\n/* ;; $$\r\nDELIMITER */\r\nEND"
)


@contextmanager
def setting(access: DatabaseAccess, name: str, value: int) -> Iterator[None]:
    """During the block, give new sessions of the server another value of a variable."""
    run(access, f"SET GLOBAL {name} = {value}")
    try:
        yield
    finally:
        with open_session(access) as session:
            session.execute(f"SET GLOBAL {name} = DEFAULT")


@pytest.fixture
def server(mariadb: DatabaseAccess) -> Iterator[DatabaseAccess]:
    renew(mariadb)
    yield mariadb
    renew(mariadb)


@pytest.mark.fault("server that limits what a session reads")
def test_a_limit_of_the_server_loses_no_row(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue
) -> None:
    run_all(server, MANY)
    with setting(server, "sql_select_limit", 1000):
        backup = create_backup(engine, server, catalogue)
        assert backup.manifest.objects.tables["many"].before == 2500
        assert verify_restore(engine, server, backup).reasons == ()
        restore_backup(engine, server, backup)
        drop_replaced_data(server)
    assert run(server, "SELECT COUNT(*) FROM many") == [(2500,)]


def test_a_limit_that_hides_columns_from_the_tool_is_refused(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue
) -> None:
    run_all(server, MANY)
    for limit, hidden in ((0, "0 of 1 tables"), (2, "2 of 3 columns")):
        with (
            setting(server, "sql_select_limit", limit),
            pytest.raises(BackupError, match=f"{hidden}, because of sql_select_limit") as caught,
        ):
            create_backup(engine, server, catalogue)
        assert "SET GLOBAL sql_select_limit = DEFAULT" in caught.value.todo


@pytest.mark.parametrize("name", ["max_join_size", "max_statement_time"])
def test_limits_of_the_server_do_not_apply_to_the_deployers_sessions(
    server: DatabaseAccess, name: str
) -> None:
    run_all(server, MANY)
    slow = "SELECT COUNT(*) FROM many WHERE SLEEP(0.0005) = 0"
    with setting(server, name, 1), open_session(server) as session:
        assert session.rows(slow) == [(2500,)]


@pytest.mark.fault("bodies that hold a dump tool's own delimiter")
def test_bodies_with_the_dump_tools_delimiter_are_restored_unchanged(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue
) -> None:
    run_all(server, BODIES)
    run(server, EVENT.replace("%", "%%"))
    before = snapshot(server)
    backup = create_backup(engine, server, catalogue)
    assert any("the text of event ev holds ;;" in line for line in backup.manifest.warnings)
    assert verify_restore(engine, server, backup).reasons == ()
    restore_backup(engine, server, backup)
    drop_replaced_data(server)
    assert snapshot(server) == before
