"""With changed bytes, failing disks or two restores at once, no wrong data is restored."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pymysql
import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.loading import connection
from cosmicdeploy.database.restore.manifest_diff import differences
from cosmicdeploy.database.restore.restore import load_shadow, restore_backup
from cosmicdeploy.database.restore.verify import (
    scratch_schema,
    verify_restore,
)
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.schemas import end_sessions
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.swap.swap import swap_back
from cosmicdeploy.database.tools.cleanup import drop_unused_scratch_schemas, end_leftover_tools
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError, DatabaseError, LockLost
from tests.stack.database.two_tables import TABLES
from tests.stack.stacks.databases import cursor, run_all, schemas

pytestmark = pytest.mark.stack


@pytest.fixture
def access(two_tables: DatabaseAccess) -> DatabaseAccess:
    return two_tables


@pytest.mark.fault("verifications side by side, and one that was killed")
def test_only_unused_scratch_schemas_are_dropped(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    with cursor(access) as opened:
        for left in ("platform__verify_00000000", "platform__verify_of_mine"):
            opened.execute(f"CREATE DATABASE {left}")
    with scratch_schema(access, backup) as one, scratch_schema(access, backup) as two:
        drop_unused_scratch_schemas(engine, access)
        assert schemas(access) == {"platform", "platform__verify_of_mine", one, two}
    assert schemas(access) == {"platform", "platform__verify_of_mine"}
    with cursor(access) as opened:
        opened.execute("CREATE DATABASE platform__verify_00000001")
    end_leftover_tools(engine, access)
    assert schemas(access) == {"platform", "platform__verify_of_mine"}


@pytest.mark.fault("database with a very long name")
def test_a_name_of_any_length_can_be_restored(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    long = replace(access, name="platform" * 8)
    with cursor(access) as opened:
        opened.execute(f"CREATE DATABASE {long.name}")
    run_all(long, TABLES, long.name)
    backup = create_backup(engine, long, catalogue)
    assert verify_restore(engine, long, backup).reasons == ()
    restore_backup(engine, long, backup)
    swap_back(long)
    assert schemas(access) == {"platform", long.name}


def after_first_bytes(action: Callable[[], object]) -> Callable[[int], None]:
    """Return a progress callback that runs `action` once the first bytes are loaded."""

    done: list[int] = []

    def on_bytes(count: int) -> None:
        done.append(count)
        if done[-2:-1] == [0]:
            action()

    return on_bytes


@pytest.mark.fault("restore taken over by another")
def test_a_restore_that_lost_to_another_run_leaves_that_runs_data_alone(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    other = after_first_bytes(lambda: load_shadow(engine, access, backup))
    with pytest.raises(DatabaseError):
        load_shadow(engine, access, backup, other)
    with open_session(access) as session:
        assert differences(backup, Facts(session, "platform__restore")) == []

    def lock_lost() -> None:
        raise LockLost("another run holds the lock")

    with pytest.raises(LockLost):
        load_shadow(engine, access, backup, after_first_bytes(lock_lost))
    assert "platform__restore" in schemas(access)


def test_only_sessions_of_exactly_this_schema_are_ended(access: DatabaseAccess) -> None:
    with cursor(access, None) as opened, open_session(access) as session:
        opened.execute("CREATE DATABASE platform_Ä")
        with cursor(access, "platform_Ä") as used:
            end_sessions(session, "platform_ä")
            used.execute("SELECT 1")
            end_sessions(session, "platform_Ä")
            with pytest.raises(pymysql.OperationalError):
                used.execute("SELECT 1")


@pytest.mark.parametrize("table", ["a", "new"])
def test_an_error_shows_no_values_of_rows(access: DatabaseAccess, table: str) -> None:
    loading = connection.LoadConnection(access, "platform")
    loading.run(b"CREATE TABLE new (id INT PRIMARY KEY, t INT)")
    loading.run(b"INSERT INTO new VALUES (1, 4711), (2, 4711)")
    wrong = {
        "a": b"INSERT INTO `a` VALUES\n(4711,'x'),(4711,'x')",
        "new": b"ALTER TABLE `new` ADD UNIQUE KEY `t` (`t`)",
    }
    with pytest.raises(BackupError) as caught:
        loading.run(wrong[table])
    loading.close()
    head = wrong[table].split(b" `")[0].decode()
    key = {"a": "PRIMARY", "new": "t"}[table]
    error = f"ERROR 1062: Duplicate entry '…' for key '{key}'"
    assert caught.value.details == (error, f"at: {head} `{table}`")


def require_refused(engine: Engine, access: DatabaseAccess, backup: Backup) -> None:
    """Assert that a restore of the backup is refused and changes nothing."""
    with pytest.raises(BackupError):
        restore_backup(engine, access, backup)
    assert schemas(access) == {"platform"}
    with cursor(access) as opened:
        opened.execute("SELECT COUNT(*) FROM a")
        assert opened.fetchone() == (2,)


@pytest.mark.fault("one flipped byte")
@pytest.mark.parametrize("place", [0.0, 0.5, 0.99])
def test_one_flipped_byte_is_refused_before_any_write(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue, place: float
) -> None:
    backup = create_backup(engine, access, catalogue)
    data = bytearray(backup.data.read_bytes())
    data[int(len(data) * place)] ^= 1
    backup.data.write_bytes(data)
    require_refused(engine, access, backup)


@pytest.mark.fault("fsync that fails (a stand-in: no disk here fails on demand)")
@pytest.mark.parametrize("call", [1, 2, 3, 4, 5])
def test_a_failed_sync_makes_no_good_backup(
    engine: Engine,
    access: DatabaseAccess,
    catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
    call: int,
) -> None:
    real, calls = os.fsync, [call]

    def fail(handle: int) -> None:
        calls[0] -= 1
        if calls[0] == 0:
            raise OSError(5, "Input/output error")
        real(handle)

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(BackupError, match="Input/output error"):
        create_backup(engine, access, catalogue)
    monkeypatch.undo()
    assert calls[0] <= 0, "there was a sync to fail"  # a failure is written down as well
    assert not [b for b in catalogue.list() if b.is_good]
    assert not list(catalogue.folder.glob("*.partial"))
