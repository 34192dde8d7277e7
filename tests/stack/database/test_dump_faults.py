"""Dump tools that lie, bytes that change, disks that fail: never a good backup, never a restore."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.manifest_diff import differences
from cosmicdeploy.database.dump.dump import DumpOptions, create_backup
from cosmicdeploy.database.restore import connection, parallel
from cosmicdeploy.database.restore.restore import load_shadow, restore_backup
from cosmicdeploy.database.restore.verify import (
    drop_unused_scratch_schemas,
    scratch_schema,
    verify_restore,
)
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.swap.swap import swap_back
from cosmicdeploy.database.tools.cleanup import end_leftover_tools, end_tools
from cosmicdeploy.database.tools.command_line import SCHEMA_VARIABLE
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError, DatabaseError, LockLost
from cosmicdeploy.signals import deferred_interrupts
from cosmicdeploy.stack.model import Build
from cosmicdeploy.stack.variables.environment import read_env_file
from tests.stack.stacks.databases import cursor, renew, run, run_all, schemas
from tests.stack.stacks.dumps import fake_tool, is_run, require_ended
from tests.stack.support.harness import IMAGES

pytestmark = pytest.mark.stack

TABLES = """
CREATE TABLE a (id INT PRIMARY KEY, t TEXT)

INSERT INTO a VALUES (1, 'one'), (2, 'two')

CREATE TABLE b (id INT PRIMARY KEY)

INSERT INTO b VALUES (7)
"""


@pytest.fixture
def access(servers: object) -> Iterator[DatabaseAccess]:
    server: DatabaseAccess = servers("stable")  # type: ignore[operator]
    renew(server)
    run_all(server, TABLES)
    yield server
    renew(server)


@contextmanager
def without_zstd(engine: Engine, access: DatabaseAccess) -> Iterator[None]:
    """A container that cannot compress."""
    there, hidden = "/usr/bin/zstd", "/usr/bin/hidden"
    assert engine.exec(access.container_id, ["mv", there, hidden]).exit_code == 0
    try:
        yield
    finally:
        engine.exec(access.container_id, ["mv", hidden, there])


@pytest.mark.fault("dump tool that lies")
@pytest.mark.parametrize(
    ("script", "why"),
    [
        ('$REAL "$@"; exit 3\n', "exit code 3"),
        ("$REAL \"$@\" | sed '$d'\n", "closing line"),
        ('$REAL "$@" --ignore-table=platform.b\n', "missing in the dump: b"),
        (
            "$REAL \"$@\" | sed 's/^INSERT INTO `a`/INSERT IGNORE INTO `a`/'\n",
            "INSERT IGNORE INTO `a`",
        ),
        ('$REAL "$@" --databases\n', "CREATE DATABASE"),
        ('$REAL "$@"; echo "mysqldump: Error 2013: gone" >&2\n', "reported an error"),
        ('$REAL "$@" --where=id=1\n', "fewer rows than its tables: a (1 of 2)"),
    ],
)
def test_a_dump_with_any_flaw_is_not_good(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue, script: str, why: str
) -> None:
    with fake_tool(engine, access, script), pytest.raises(BackupError) as caught:
        create_backup(engine, access, catalogue)
    assert why in caught.value.what
    (entry,) = catalogue.list()
    assert entry.manifest.status == "failed" and why in entry.manifest.reason


# A writer: a row is gone while the dump is made, the first time.
FLICKERING = """
sql() { test -e /tmp/seen || mariadb --no-defaults -uroot -e "$1" platform; }
sql 'DELETE FROM a WHERE id = 2'
$REAL "$@" || exit
sql "INSERT INTO a VALUES (2, 'two')"
touch /tmp/seen
"""


def test_a_row_that_was_gone_for_a_moment_is_not_missed(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    with fake_tool(engine, access, FLICKERING):
        backup = create_backup(engine, access, catalogue)
    assert engine.exec(access.container_id, ["rm", "/tmp/seen"]).exit_code == 0
    assert backup.good
    assert backup.manifest.objects.tables["a"].before == 1


@pytest.mark.fault("dump tool that hangs")
def test_a_dump_that_says_nothing_is_ended_with_the_reason(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    with (
        fake_tool(engine, access, "sleep 4242\n"),
        pytest.raises(BackupError, match="mariadb-dump printed nothing for 1 s") as caught,
    ):
        create_backup(engine, access, catalogue, options=DumpOptions(silence=1))
    assert "backup.silence" in caught.value.todo
    assert caught.value.details == ("it has no session on the server",)
    (entry,) = catalogue.list()
    assert entry.manifest.status == "failed" and "printed nothing" in entry.manifest.reason
    require_ended()


# The lock comes when all has been asked and counted.
LOCKING = """
sql="mariadb --no-defaults -uroot platform"
echo 'LOCK TABLES a WRITE; SELECT SLEEP(4242)' | $sql &
until $sql -N -e 'SHOW OPEN TABLES FROM platform WHERE In_use > 0' | grep -q .; do sleep 0.1; done
exec $REAL "$@"
"""


def test_a_dump_that_waits_for_a_lock_says_for_which(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    try:
        with fake_tool(engine, access, LOCKING), pytest.raises(BackupError) as caught:
            create_backup(engine, access, catalogue, options=DumpOptions(silence=3))
    finally:
        end_statement(access, "SELECT SLEEP(4242)")
    waits = [line for line in caught.value.details if "Waiting for table metadata lock" in line]
    assert len(waits) == 1 and "`a`" in waits[0]


@pytest.mark.fault("SIGTERM while a read is blocked")
def test_sigterm_ends_what_waits_for_a_tool_or_a_build(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue, tmp_path: Path
) -> None:
    base = read_env_file(IMAGES)["PYTHON_IMAGE"]
    (tmp_path / "Dockerfile").write_text(f"FROM {base}\nRUN sleep 4242\n")

    def dump() -> None:
        with fake_tool(engine, access, "sleep 4242\n"):
            create_backup(engine, access, catalogue)

    def build() -> None:
        engine.build(Build(context=tmp_path), "never", {}, lambda _: None)

    for call in (dump, build):
        with (
            deferred_interrupts(lambda: None),
            stopped_once(is_run),
            pytest.raises(KeyboardInterrupt),
        ):
            call()
        require_ended()
    assert schemas(access) == {"platform"}
    assert engine.image("never") is None


@pytest.mark.parametrize("of", ["the database", "the engine"])
def test_sigterm_ends_a_wait_for_an_answer(engine: Engine, access: DatabaseAccess, of: str) -> None:
    def query() -> None:
        with open_session(access) as session:
            session.rows("SELECT SLEEP(4242)")

    ask = query if of == "the database" else lambda: engine.wait_end(access.container_id, 4242)
    try:
        with (
            deferred_interrupts(lambda: None),
            stopped_once(lambda: True),
            pytest.raises(KeyboardInterrupt),
        ):
            ask()
    finally:
        end_statement(access, "SELECT SLEEP(4242)")


def end_statement(access: DatabaseAccess, statement: str) -> None:
    """A server goes on with what it was asked when the client is gone."""
    known = "SELECT id FROM information_schema.processlist WHERE info = %s"
    for (number,) in run(access, known, statement):
        run(access, "KILL %s", number)


@contextmanager
def stopped_once(seen: Callable[[], bool]) -> Iterator[None]:
    """This process gets SIGTERM as soon as something is seen."""
    over = threading.Event()

    def stop() -> None:
        while not over.wait(0.1):
            if seen():
                os.kill(os.getpid(), signal.SIGTERM)
                return

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.fault("compressor that lies")
@pytest.mark.parametrize(
    ("script", "why"),
    [
        ('$REAL "$@"; exit 3\n', "exit code 3"),
        ('$REAL "$@" | head -c 200\n', "does not end as it should"),
        ('$REAL "$@" | head -c -4\n', "does not end as it should"),
        ("exec cat\n", "cannot be decompressed"),
        ('$REAL "$@"; $REAL "$@" </dev/null\n', "does not end as it should"),
    ],
)
def test_a_compressed_dump_with_any_flaw_is_not_good(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue, script: str, why: str
) -> None:
    with fake_tool(engine, access, script, "zstd"), pytest.raises(BackupError) as caught:
        create_backup(engine, access, catalogue)
    assert why in caught.value.what
    (entry,) = catalogue.list()
    assert entry.manifest.status == "failed" and why in entry.manifest.reason


def test_a_container_that_cannot_compress_gives_the_same_backup(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    there = create_backup(engine, access, catalogue)
    with without_zstd(engine, access):
        here = create_backup(engine, access, catalogue)
        with (
            fake_tool(engine, access, '$REAL "$@"; exit 3\n'),
            pytest.raises(BackupError, match="exit code 3"),
        ):
            create_backup(engine, access, catalogue)
    assert here.manifest.objects == there.manifest.objects
    assert verify_restore(engine, access, here).reasons == ()
    assert verify_restore(engine, access, there).reasons == ()


@pytest.mark.fault("option files in the database's container")
def test_option_files_of_the_container_change_nothing(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    options = (
        "[client]\nsocket=/nowhere\n[mysqldump]\ninsert-ignore\nno-data\nwhere=id=1\nno-such-option"
        "\n[mysql]\ninit-command=DROP TABLE a\n"
    )
    write = ["sh", "-c", 'printf %s "$1" >/root/.my.cnf', "sh", options]
    assert engine.exec(access.container_id, write).exit_code == 0
    try:
        backup = create_backup(engine, access, catalogue)
        assert verify_restore(engine, access, backup).reasons == ()
    finally:
        engine.exec(access.container_id, ["rm", "/root/.my.cnf"])
    assert {name: rows.before for name, rows in backup.manifest.objects.tables.items()} == {
        "a": 2,
        "b": 1,
    }


@pytest.mark.fault("tools that outlive a killed deployer")
def test_tools_that_were_left_behind_are_ended(engine: Engine, access: DatabaseAccess) -> None:
    container = docker.from_env().containers.get(access.container_id)

    def running() -> set[str]:
        found = container.top(ps_args="-eo pid,args")["Processes"]
        return {args for _, args in found if args.startswith("sleep ")}

    for seconds, schema in enumerate(("platform", "platform__restore", "another"), 1001):
        marked = {SCHEMA_VARIABLE: schema}
        container.exec_run(["sleep", str(seconds)], environment=marked, detach=True)
    assert running() == {"sleep 1001", "sleep 1002", "sleep 1003"}
    end_leftover_tools(engine, access)
    deadline = time.monotonic() + 60
    while running() != {"sleep 1003"} and time.monotonic() < deadline:
        time.sleep(0.1)
    assert running() == {"sleep 1003"}
    end_tools(engine, access, "another")


@pytest.mark.fault("verifications side by side, and one that was killed")
def test_only_scratch_schemas_that_nobody_uses_are_dropped(
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


def lose(done: list[int], then: Callable[[], object]) -> Callable[[int], None]:
    """Do something when the first bytes were loaded."""

    def hear(count: int) -> None:
        done.append(count)
        if done[-2:-1] == [0]:
            then()

    return hear


@pytest.mark.fault("restore taken over by another")
def test_a_restore_that_was_taken_over_leaves_the_other_ones_data_alone(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    other = lose([], lambda: load_shadow(engine, access, backup))
    with pytest.raises(DatabaseError):
        load_shadow(engine, access, backup, other)
    with open_session(access) as session:
        assert differences(backup.manifest, Facts(session, "platform__restore")) == []

    def lock_lost() -> None:
        raise LockLost("the lock is another's")

    with pytest.raises(LockLost):
        load_shadow(engine, access, backup, lose([], lock_lost))
    assert "platform__restore" in schemas(access)


@pytest.mark.fault("frozen database")
def test_a_frozen_database_holds_nobody_up_who_gives_up(
    access: DatabaseAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "END_SECONDS", 0.5)
    monkeypatch.setattr(connection, "GREETING_SECONDS", 0.5)
    busy = parallel.ParallelConnections(access, "platform", [], 2)
    for _ in range(4):
        busy.put(b"DO SLEEP(300)")
    container = docker.from_env().containers.get(access.container_id)
    container.pause()
    try:
        busy.close(abandon=True)
        with pytest.raises(DatabaseError):
            connection.LoadConnection(access, "platform")
    finally:
        container.unpause()
    assert [thread for thread in threading.enumerate() if thread.name == "load"] == []


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


def refused(engine: Engine, access: DatabaseAccess, backup: Backup) -> None:
    """A restore of it touches nothing."""
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
    refused(engine, access, backup)


@pytest.mark.fault("fsync that fails (a stand-in: no disk here fails on demand)")
@pytest.mark.parametrize("call", [1, 2, 3, 4, 5])
def test_a_sync_that_fails_makes_no_good_backup(
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
    assert not [b for b in catalogue.list() if b.good]
    assert not list(catalogue.folder.glob("*.partial"))
