"""On a real MariaDB, a backup fails unless its dump restores the structure unchanged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.dump.options import DumpOptions
from cosmicdeploy.database.restore.restore import restore_backup
from cosmicdeploy.database.schema.schemas import proof_name
from cosmicdeploy.database.swap.swap import drop_replaced_data
from cosmicdeploy.database.tools.cleanup import end_leftover_tools
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError, DatabaseError
from tests.stack.stacks.databases import NAME, cursor, run, run_all, schemas, snapshot
from tests.stack.stacks.dumps import assert_failed, fake_tool

pytestmark = pytest.mark.stack

OBJECTS = """
CREATE VIEW v AS SELECT id FROM a

CREATE PROCEDURE p() SELECT 1

CREATE TRIGGER tr BEFORE INSERT ON a FOR EACH ROW SET NEW.t = 'x'

CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DO SELECT 1
"""


@pytest.fixture
def access(two_tables: DatabaseAccess) -> DatabaseAccess:
    run_all(two_tables, OBJECTS)
    return two_tables


def test_a_backup_says_how_its_structure_was_proven(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    proof = create_backup(engine, access, catalogue).manifest.structure_proof
    assert proof and proof.objects == 6 and proof.seconds > 0
    assert schemas(access) == {NAME}
    unproven = create_backup(engine, access, catalogue, options=DumpOptions(prove="off"))
    assert unproven.manifest.structure_proof is None


@pytest.mark.fault("dump that changes the structure")
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("s/^  `t` text/  `t` longtext/", "table a: `t` text DEFAULT NULL becomes `t` longtext"),
        ("s/^  `id` int(11)/  `id` innt(11)/", "table a: ERROR 4161: Unknown data type"),
        ("s/ENGINE=InnoDB/ENGINE=MyISAM/", "becomes ) ENGINE=MyISAM"),
    ],
)
def test_a_table_that_the_dump_changes_is_named(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue, change: str, why: str
) -> None:
    original = snapshot(access)
    script = f"$REAL \"$@\" | sed '{change}'\n"
    with fake_tool(engine, access, script), pytest.raises(BackupError) as caught:
        create_backup(engine, access, catalogue)
    assert why in caught.value.what and "table" in caught.value.what
    assert_failed(catalogue, why)
    assert schemas(access) == {NAME} and snapshot(access) == original


def test_a_backup_of_an_older_version_is_restored_from_its_dump(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    original = snapshot(access)
    backup = create_backup(engine, access, catalogue)
    manifest = backup.manifest.updated(
        object_definitions=None, table_definitions={}, structure_proof=None
    )
    run(access, "DROP PROCEDURE p")
    run(access, "DROP VIEW v")
    restore_backup(engine, access, replace(backup, manifest=manifest))
    drop_replaced_data(access)
    assert snapshot(access) == original


@pytest.mark.fault("killed proof of the structure")
def test_the_schema_of_a_killed_proof_is_dropped(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    schema = proof_name(NAME)
    for drop in (
        lambda: create_backup(engine, access, catalogue),
        lambda: end_leftover_tools(engine, access),
    ):
        run(access, f"CREATE DATABASE {schema}", schema=None)
        run(access, "CREATE TABLE a (id INT)", schema=schema)
        drop()
        assert schemas(access) == {NAME}


def test_a_schema_of_the_same_name_with_rows_is_left_alone(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    schema = proof_name(NAME)
    run(access, f"CREATE DATABASE {schema}", schema=None)
    run_all(access, "CREATE TABLE mine (id INT)\n\nINSERT INTO mine VALUES (1)", schema=schema)
    with pytest.raises(DatabaseError, match=r"platform__proof, but .* its table mine has"):
        create_backup(engine, access, catalogue)
    end_leftover_tools(engine, access)
    assert run(access, "SELECT id FROM mine", schema=schema) == [(1,)]


@pytest.mark.fault("two proofs at once")
def test_two_proofs_do_not_disturb_each_other(
    engine: Engine,
    access: DatabaseAccess,
    catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cosmicdeploy.database.dump.structure_proof.OTHERS_END_SECONDS", 0)
    with cursor(access) as opened:
        opened.execute("SELECT GET_LOCK(%s, 0)", [proof_name(NAME)])
        with pytest.raises(DatabaseError, match="Another process uses the temporary schema"):
            create_backup(engine, access, catalogue)


@pytest.mark.fault("user who could not restore")
def test_the_privileges_that_a_restore_needs_are_granted_as_the_error_says(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    account = replace(access, user="app", password="r")
    run(access, "CREATE OR REPLACE USER app@'%' IDENTIFIED BY 'r'")
    run(access, f"GRANT ALL ON {NAME}.* TO app@'%'")
    run(access, "GRANT SET USER ON *.* TO app@'%'")
    run(access, "GRANT SELECT ON mysql.proc TO app@'%'")
    seen: list[int] = []
    with pytest.raises(BackupError, match=r"lacks privileges: .* on platform__proof") as caught:
        create_backup(engine, account, catalogue, on_bytes=seen.append)
    assert seen == []
    for statement in caught.value.details:
        run(access, statement)
    original = snapshot(access)
    restore_backup(engine, account, create_backup(engine, account, catalogue))
    assert snapshot(access) == original
    run(access, "DROP USER app@'%'")
