"""Backups that are refused or interrupted are never good."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError, DatabaseError
from tests.stack.stacks.databases import run
from tests.stack.stacks.dumps import assert_failed, dump_processes, once

pytestmark = pytest.mark.stack


@pytest.mark.fault("wrong password")
def test_a_wrong_password_fails_the_backup(
    access: DatabaseAccess, engine: Engine, catalogue: Catalogue
) -> None:
    wrong = replace(access, password="not-this-one")
    with pytest.raises(DatabaseError, match="refuses this user or password") as caught:
        create_backup(engine, wrong, catalogue)
    assert "not-this-one" not in repr(caught.value) + str(caught.value) + repr(wrong)
    assert catalogue.list() == []


@pytest.mark.fault("data that a dump would not hold")
def test_tables_outside_of_a_snapshot_are_refused(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    run(access, "CREATE TABLE old (id INT) ENGINE=MyISAM")
    with pytest.raises(BackupError, match=r"old \(MyISAM\)"):
        create_backup(engine, access, catalogue)
    assert_failed(catalogue, "MyISAM")


@pytest.mark.fault("schema that changes during the dump")
def test_a_schema_that_changes_during_the_dump_fails_the_backup(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    def migrate() -> None:
        run(access, "CREATE TABLE new (id INT PRIMARY KEY)")

    with pytest.raises(BackupError, match="changed during the dump"):
        create_backup(engine, access, catalogue, on_bytes=once(migrate))
    assert_failed(catalogue, "changed during the dump")


@pytest.mark.fault("dump that breaks off")
def test_a_dump_that_loses_its_connection_is_not_good(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    def cut() -> None:
        others = run(
            access,
            "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID()"
            " AND host = 'localhost' AND user = 'root'",
        )
        assert len(others) == 1
        run(access, "KILL %s", others[0][0])

    with pytest.raises(BackupError, match="exit code 3") as caught:
        create_backup(engine, access, catalogue, on_bytes=once(cut))
    assert any("Error" in line for line in caught.value.details)
    assert_failed(catalogue, "exit code 3")


@pytest.mark.fault("dump that breaks off")
def test_a_dump_that_is_killed_is_not_good(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    def kill() -> None:
        script = 'kill -9 $(grep -lz "^.*mariadb-dump" /proc/[0-9]*/cmdline | cut -d/ -f3)'
        engine.exec(access.container_id, ["sh", "-c", script])

    with pytest.raises(BackupError, match="exit code 137"):
        create_backup(engine, access, catalogue, on_bytes=once_beside(kill))
    assert_failed(catalogue, "exit code 137")


def once_beside(action: Callable[[], object]) -> Callable[[int], None]:
    """Run an action during a dump, outside of its sink, where the engine would hang.

    Until the action is done, the dump is slowed down.
    """
    thread = threading.Thread(target=action)

    def act(_: int) -> None:
        if thread.ident is None:
            thread.start()
        thread.join(0.5)

    return act


def test_an_interrupted_backup_leaves_no_dump_running(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    def interrupt(_: int) -> None:
        assert dump_processes(access)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create_backup(engine, access, catalogue, on_bytes=interrupt)
    assert_failed(catalogue, "KeyboardInterrupt")
    deadline = time.monotonic() + 60
    while dump_processes(access) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert dump_processes(access) == []
