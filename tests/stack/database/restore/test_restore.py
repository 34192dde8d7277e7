"""Restores: what is restored, what is kept, the swap back, and refusals."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pymysql
import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.restore.manifest_diff import row_differences
from cosmicdeploy.database.restore.restore import load_shadow, restore_backup
from cosmicdeploy.database.restore.verify import verify_backup, verify_restore
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.database.swap.swap import drop_replaced_data, has_replaced_data, swap, swap_back
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.database.on_mysql import on_mysql_too
from tests.stack.stacks.databases import cursor, run, schemas
from tests.stack.support.kiosks import ROWS, state

pytestmark = pytest.mark.stack


@on_mysql_too
def test_a_restore_restores_everything(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    original = state(access)
    backup = create_backup(engine, access, catalogue)
    run(access, "DELETE FROM pictures")
    run(access, "ALTER TABLE remotes ADD COLUMN grace_period_seconds INT")
    run(access, "CREATE TABLE extra (id INT PRIMARY KEY, site_id INT REFERENCES sites (id))")
    run(access, "CREATE OR REPLACE VIEW site_names AS SELECT 1 AS id, 'changed' AS name")
    run(access, "CREATE VIEW extra_view AS SELECT id FROM extra")
    changed = state(access)
    with open_facts(access) as facts:
        rows = row_differences(backup.manifest, facts.tables())
        lost = {row.table: (row.backup, row.now) for row in rows}
    assert lost == {"pictures": (10_000, 0), "extra": (None, 0)}

    swapped = restore_backup(engine, access, backup)
    assert "extra" in swapped.moved_out and "extra" not in swapped.moved_in
    assert state(access) == original
    assert run(access, "SELECT COUNT(*) FROM busy_names") == [(ROWS,)]
    assert schemas(access) == {"platform", "platform__before", "platform__swap"}
    assert has_replaced_data(access)
    assert (
        state(access, "platform__before")["data"] == changed["data"]
    )  # views exist in the record only
    assert_keys_hold(access)

    swap_back(access)
    assert state(access) == changed
    assert run(access, "SELECT name FROM site_names") == [("changed",)]
    assert schemas(access) == {"platform"}
    assert_keys_hold(access)

    restore_backup(engine, access, backup)
    drop_replaced_data(access)
    assert not has_replaced_data(access)
    assert state(access) == original


def assert_keys_hold(access: DatabaseAccess) -> None:
    """Check that foreign keys stay within their schema, refuse wrong rows, and cascade."""
    assert run(
        access,
        "SELECT COUNT(*) FROM information_schema.key_column_usage WHERE"
        " referenced_table_schema <> table_schema",
    ) == [(0,)]
    with pytest.raises(pymysql.err.IntegrityError):
        run(access, "INSERT INTO remotes (site_id, name) VALUES (999, 'nobody')")
    with pytest.raises(pymysql.err.IntegrityError):
        run(access, "INSERT INTO `odd ``name``` VALUES (3, 99)")
    with cursor(access) as opened:
        opened.execute("BEGIN")
        opened.execute("DELETE FROM pictures")
        assert opened.execute("DELETE FROM sites WHERE id = 2") == 1
        opened.execute("SELECT COUNT(*) FROM remotes")
        assert opened.fetchone() == (ROWS // 2,)
        opened.execute("ROLLBACK")


@pytest.fixture
def reader(access: DatabaseAccess) -> Iterator[DatabaseAccess]:
    """Create a user with a privilege on the schema's name."""
    run(access, "CREATE USER app@'%' IDENTIFIED BY 'app'")
    run(access, "GRANT SELECT ON platform.* TO app@'%'")
    yield replace(access, user="app", password="app")
    run(access, "DROP USER app@'%'")


@on_mysql_too
def test_privileges_on_a_schema_survive_a_swap(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue, reader: DatabaseAccess
) -> None:
    restore_backup(engine, access, create_backup(engine, access, catalogue))
    with open_facts(reader) as facts:
        assert facts.count("remotes") == ROWS


@on_mysql_too
def test_data_of_an_earlier_restore_is_never_overwritten(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    restore_backup(engine, access, backup)
    with pytest.raises(BackupError, match="still kept"):
        load_shadow(engine, access, backup)
    assert schemas(access) == {"platform", "platform__before", "platform__swap"}


@on_mysql_too
def test_a_swap_waits_for_a_running_transaction(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    original = state(access)
    load_shadow(engine, access, create_backup(engine, access, catalogue))
    with cursor(access) as holder:
        holder.execute("BEGIN")
        holder.execute("SELECT 1 FROM remotes LIMIT 1")
        release = threading.Timer(4.5, holder.connection.rollback)
        release.start()
        started = time.monotonic()
        swap(access)
        assert time.monotonic() - started > 4
        release.join()
    assert state(access) == original


def test_a_swap_with_nothing_to_swap_or_undo_is_refused(access: DatabaseAccess) -> None:
    with pytest.raises(BackupError, match="No backup is loaded"):
        swap(access)
    with pytest.raises(BackupError, match="No data from before"):
        swap_back(access)


@on_mysql_too
def test_foreign_keys_across_schemas_are_refused_before_any_change(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    run(access, "CREATE DATABASE platform__other")
    run(
        access,
        "CREATE TABLE platform__other.c (id INT PRIMARY KEY, site INT,"
        " FOREIGN KEY (site) REFERENCES platform.sites (id))",
    )
    original = state(access)
    with pytest.raises(BackupError) as caught:
        restore_backup(engine, access, backup)
    run(access, "DROP DATABASE platform__other")
    named = "foreign keys across schemas: platform__other.c → platform.sites"
    assert caught.value.details == (named,)
    assert state(access) == original
    assert schemas(access) == {"platform"}


@pytest.mark.parametrize("kept", [0.5, 0.9999])
@pytest.mark.fault("backup cut short")
def test_a_truncated_file_is_refused(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue, kept: float
) -> None:
    backup = create_backup(engine, access, catalogue)
    os.truncate(backup.data, int(backup.data.stat().st_size * kept))
    assert "the compressed data has changed" in verify_backup(backup).reasons[0]
    assert not verify_restore(engine, access, backup).passed
    original = state(access)
    with pytest.raises(BackupError, match="the compressed data has changed"):
        restore_backup(engine, access, backup)
    assert state(access) == original
    assert schemas(access) == {"platform"}
