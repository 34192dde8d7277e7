"""Privileges on tables and routines survive a restore, or are named as lost, on real servers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.restore.restore import (
    load_shadow,
    notes_on_grants,
    restore_backup,
)
from cosmicdeploy.database.schema.rebuilding.routine_grants import RoutineGrant, grant_again
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.swap.swap import swap, swap_back
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.stacks.databases import Servers, renew, run, run_all

pytestmark = pytest.mark.stack

PRIVILEGED = """
CREATE FUNCTION f() RETURNS INT RETURN 1

CREATE FUNCTION kept() RETURNS INT RETURN 1

CREATE VIEW v AS SELECT kept() AS k, id FROM a

CREATE OR REPLACE USER reader@'%' IDENTIFIED BY 'r'

GRANT SELECT, INSERT (id) ON platform.a TO reader@'%'

GRANT SELECT ON platform.v TO reader@'%'

GRANT EXECUTE ON FUNCTION platform.f TO reader@'%'

GRANT EXECUTE, ALTER ROUTINE ON FUNCTION platform.kept TO reader@'%' WITH GRANT OPTION
"""


def grants(access: DatabaseAccess) -> list[str]:
    return sorted(str(row[0]) for row in run(access, "SHOW GRANTS FOR reader@'%'"))


@pytest.mark.fault("privileges on routines")
def test_privileges_survive_a_restore_or_are_named_as_lost(
    engine: Engine, two_tables: DatabaseAccess, catalogue: Catalogue
) -> None:
    run_all(two_tables, PRIVILEGED)
    granted = grants(two_tables)
    backup = create_backup(engine, two_tables, catalogue)
    assert {grant.name for grant in backup.manifest.routine_grants} == {"f", "kept"}
    run(two_tables, "DROP FUNCTION f")
    restore_backup(engine, two_tables, backup)
    [note] = notes_on_grants(two_tables, backup)
    [statement] = re.findall(r"run (GRANT .+) as the server's administrator", note)
    run(two_tables, statement)
    assert notes_on_grants(two_tables, backup) == []
    assert grants(two_tables) == granted
    swap_back(two_tables)
    assert [line for line in grants(two_tables) if "`f`" not in line] == [
        line for line in granted if "`f`" not in line
    ]
    run(two_tables, "DROP USER reader@'%'")


def test_no_grant_creates_a_dropped_account_again(any_server: DatabaseAccess) -> None:
    run(any_server, "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1")
    gone = RoutineGrant(kind="FUNCTION", name="f", account="`gone`@`%`", privileges=("Execute",))
    with open_session(any_server) as session:
        [note] = grant_again(session, any_server.name, [gone])
    assert note.startswith("`gone`@`%` has lost Execute on function f")
    assert run(any_server, "SELECT 1 FROM mysql.user WHERE user = 'gone'") == []


ON_MYSQL = """
CREATE TABLE t (id INT PRIMARY KEY)

CREATE FUNCTION Kept() RETURNS INT DETERMINISTIC RETURN 1

CREATE PROCEDURE p() SELECT 1

CREATE USER reader@'%' IDENTIFIED BY 'r'

GRANT EXECUTE, ALTER ROUTINE ON FUNCTION platform.kept TO reader@'%' WITH GRANT OPTION

GRANT EXECUTE ON PROCEDURE platform.p TO reader@'%'

CREATE USER app@'%' IDENTIFIED BY 'r'

GRANT ALL ON `platform%`.* TO app@'%'

GRANT SHOW_ROUTINE, SET_USER_ID ON *.* TO app@'%'
"""


@pytest.mark.torture
@pytest.mark.fault("privileges on routines, on a server that cannot replace a routine")
def test_privileges_survive_although_a_restore_drops_each_routine(
    engine: Engine, servers: Servers, catalogue: Catalogue
) -> None:
    server = servers("mysql-8")
    renew(server)
    run_all(server, "DROP USER IF EXISTS reader@'%'\n\nDROP USER IF EXISTS app@'%'")
    run_all(server, ON_MYSQL)
    account = replace(server, user="app", password="r")
    with pytest.raises(BackupError, match="to drop: procedure p, function Kept") as caught:
        create_backup(engine, account, catalogue)
    assert "GRANT SELECT ON mysql.procs_priv" in caught.value.todo
    granted = grants(server)
    backup = create_backup(engine, server, catalogue)
    run(server, "GRANT SELECT ON mysql.procs_priv TO app@'%'")
    load_shadow(engine, server, backup)
    with pytest.raises(BackupError, match="which this user may not grant again"):
        swap(account)
    restore_backup(engine, server, backup)
    assert (grants(server), notes_on_grants(server, backup)) == (granted, [])
    swap_back(server)
    assert grants(server) == granted
    renew(server)
    run_all(server, "DROP USER reader@'%'\n\nDROP USER app@'%'")
