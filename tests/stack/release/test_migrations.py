"""Migrations on a real stack: classified before they run, and reported where they fail."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.schemas import create_schema_like, drop_schema
from cosmicdeploy.database.session import open_session
from cosmicdeploy.errors import Refused
from cosmicdeploy.layout import SOURCES
from cosmicdeploy.steps.schema.down import roll_down
from tests.stack.release.failures.test_failures import (
    require_error,
    started_steps,
    untouched,
    wait_for_step,
)
from tests.stack.support.harness import Done, StackUnderTest
from tests.stack.support.processes.threads import in_threads

pytestmark = pytest.mark.stack

FAILING = ["ALTER TABLE no_such_table ADD COLUMN x INT"]
HALF = ["CREATE TABLE half (id INT PRIMARY KEY)", *FAILING]
SLOW = [
    "CREATE TABLE slow (id INT PRIMARY KEY)",
    "SET @slept = SLEEP(6)",
    "ALTER TABLE slow ADD COLUMN x INT",
]
DAY = 86400


@contextmanager
def migration(stack: StackUnderTest, name: str, up: list[str], down: list[str]) -> Iterator[None]:
    """Add a migration to the release during the block."""
    file = write_migration(stack, name, up, down)
    try:
        yield
    finally:
        file.unlink()


def write_migration(stack: StackUnderTest, name: str, up: list[str], down: list[str]) -> Path:
    """Write a migration into the release's sources, and return its file."""
    file = stack.folder / SOURCES / "database" / "migrations" / f"{name}.py"
    file.write_text(f"def up():\n    return {up!r}\n\n\ndef down():\n    return {down!r}\n")
    return file


def tables(stack: StackUnderTest) -> set[str]:
    with stack.database() as facts:
        return set(facts.engines())


def lock_wait(stack: StackUnderTest) -> int:
    with open_session(stack.open().database()) as session:
        return int(session.rows("SELECT @@GLOBAL.lock_wait_timeout")[0][0])


@pytest.mark.fault("migration that fails at once")
def test_a_failed_migration_changes_nothing(released: StackUnderTest) -> None:
    name = "2026_03_01_000001_fail"
    released.set_setting("allow: []", f"allow: [{name}]")
    with migration(released, name, FAILING, []), untouched(released):
        done = released.cli("step", "migrate")
    require_error(done, 1, "migrations failed", "no_such_table")
    assert lock_wait(released) == DAY
    released.set_setting("lock_wait: 10", "lock_wait: 2")
    late = ["ALTER TABLE remotes ADD COLUMN late INT NULL"]
    with migration(released, name, late, []), reader_of(released, "remotes"), untouched(released):
        done = released.cli("step", "migrate")
    require_error(done, 1, "timed out while it waited", "Lock wait timeout exceeded")
    assert lock_wait(released) == DAY


def test_a_destructive_migration_is_refused_unless_it_is_allowed(released: StackUnderTest) -> None:
    name = "2026_03_02_000001_narrow"
    up = [
        "CREATE TABLE fresh (id INT PRIMARY KEY, name VARCHAR(10) NOT NULL)",
        "ALTER TABLE fresh ADD UNIQUE fresh_name (name)",
        "INSERT INTO fresh VALUES (1, 'a-value')",
        "ALTER TABLE remotes DROP COLUMN last_heartbeat_source",
    ]
    down = [
        "ALTER TABLE remotes ADD COLUMN last_heartbeat_source VARCHAR(32) NULL",
        "DROP TABLE fresh",
    ]
    with migration(released, name, up, down):
        with untouched(released):
            lives = released.lives()
            refused = released.cli("deploy")
        assert released.lives() == lives, "no worker was stopped for it"
        require_error(refused, 1, name, "drops the column last_heartbeat_source", f"--allow {name}")
        assert f"migrate.allow: [{name}]" in refused.stderr
        assert "a-value" not in (released.folder / ".cosmicdeploy/journal.jsonl").read_text()
        require_shown(released, name)
        released.set_setting("allow: []", f"allow: [{name}]")
        done = released.cli("step", "migrate", "--json")
        assert done.code == 0, done.stderr
        with released.database() as facts:
            assert "last_heartbeat_source" not in facts.columns("remotes")
            applied = set(facts.applied_migrations())
        require_rolled_down(released, name, applied)


def require_shown(stack: StackUnderTest, name: str) -> None:
    assert "refused as it is now" in stack.cli("deploy", "--plan", "--json").reason("migrate")
    plan = stack.cli("deploy", "--plan", "--json", "--allow", name)
    assert "refused" not in plan.reason("migrate")
    step = next(s for s in plan.report["steps"] if s["name"] == "migrate")
    kinds = [s["kind"] for s in step["facts"]["statements"]]
    assert kinds == ["additive", "additive", "data", "destructive"]
    shown = stack.cli("migrate").stdout
    assert "destructive (drops the column last_heartbeat_source): ALTER TABLE remotes" in shown
    assert "a-value" not in shown + plan.stdout


def require_rolled_down(stack: StackUnderTest, name: str, applied: set[str]) -> None:
    ctx, before = stack.open(), applied - {name}
    with pytest.raises(Refused, match="rolled back instead"):
        roll_down(ctx, applied - {min(applied)})
    assert roll_down(ctx, before) == [name]
    assert roll_down(ctx, before) == []
    with pytest.raises(Refused, match="not applied"):
        roll_down(ctx, applied)


def test_a_new_image_with_a_destructive_migration_is_refused_before_workers_stop(
    released: StackUnderTest,
) -> None:
    """Only the new image has the migration: the refusal comes after the build."""
    name = "2026_03_02_000002_narrow"
    up = ["ALTER TABLE remotes DROP COLUMN last_heartbeat_source"]
    released.set_variable("APP_VERSION", "narrow")
    with migration(released, name, up, []):
        lives = released.lives()
        refused = released.cli("deploy")
        require_error(refused, 1, name, "drops the column", "undone")
    assert released.lives() == lives, "no worker was stopped for it"


def test_the_lines_of_a_migration_are_shown_while_it_runs(released: StackUnderTest) -> None:
    name = "2026_03_06_000001_slow"
    with migration(released, name, SLOW, ["DROP TABLE slow"]):
        process = released.start("step", "migrate")
        line = f"migrate: Migrating: {name}"
        shown = next(each for each in process.stdout if line in each)
        assert process.poll() is None, f"shown only at the end: {shown}"
        assert process.wait(120) == 0
        with released.database() as facts:
            applied = set(facts.applied_migrations())
        assert roll_down(released.open(), applied - {name}) == [name]


@contextmanager
def emptied(stack: StackUnderTest) -> Iterator[None]:
    """Move all tables of the live schema away during the block."""
    with stack.database() as facts:
        live, aside, names = facts.schema, f"{facts.schema}__aside", list(facts.engines())
        create_schema_like(facts.session, live, aside)
        _move(facts, names, live, aside)
    try:
        yield
    finally:
        with stack.database() as facts:
            facts.session.execute("SET SESSION foreign_key_checks = 0")
            for name in facts.engines():
                facts.session.execute(f"DROP TABLE {quoted(name)}")
            _move(facts, names, aside, live)
            drop_schema(facts.session, aside)


def _move(facts: Facts, names: list[str], source: str, target: str) -> None:
    moves = (f"{quoted(source)}.{quoted(n)} TO {quoted(target)}.{quoted(n)}" for n in names)
    facts.session.execute(f"RENAME TABLE {', '.join(moves)}")


@pytest.mark.fault("first migrations of an empty schema that fail")
def test_first_migrations_that_fail_leave_an_empty_schema(released: StackUnderTest) -> None:
    name = "2026_03_07_000001_half"
    with emptied(released), migration(released, name, HALF, []):
        failed = released.cli("step", "migrate")
        require_error(failed, 1, "migrations failed", "undone, and the state is the same as before")
        assert tables(released) == set()
        assert released.cli("status", "--json").report["unfinished"] == []


@pytest.mark.torture
@pytest.mark.fault("deployer killed in the first migrations of an empty schema")
def test_killed_first_migrations_are_dropped_and_run_again(released: StackUnderTest) -> None:
    name = "2026_03_08_000001_slow"
    with emptied(released), migration(released, name, [*SLOW, *FAILING], []):
        process = released.start("step", "migrate")
        wait_for_table(released, "slow")
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        write_migration(released, name, ["CREATE TABLE slow (id INT)"], ["DROP TABLE slow"])
        done = released.cli("step", "migrate", "--json")
        assert done.code == 0, done.stderr
        assert "drop what the first migrations" in done.reason("migrate")
        assert "slow" in tables(released)


@pytest.mark.torture
@pytest.mark.fault("migration that fails on its second statement")
def test_a_half_done_migration_is_named_and_blocks_deploys(released: StackUnderTest) -> None:
    name = "2026_03_03_000001_half"
    with migration(released, name, HALF, ["DROP TABLE half"]):
        broken = released.cli("deploy", "--allow", name)
        require_error(
            broken, 3, "schema is not as it was", "cosmicdeploy rollback --to 2", "--resolve"
        )
        assert f" done: {name}: CREATE TABLE half" in broken.stderr
        assert f"not done: {name}: ALTER TABLE no_such_table" in broken.stderr
        again = released.cli("deploy", "--allow", name)
        require_error(
            again, 3, "cannot be undone", f" done: {name}: CREATE TABLE half", "--resolve"
        )
    backup = again.stderr.partition("rollback --to ")[2].partition("`")[0]
    back = released.cli("rollback", "--to", backup, "--yes", "--json")
    assert back.code == 0, back.stderr
    assert "half" not in tables(released)
    assert released.cli("step", "migrate", "--json").outcomes == {"migrate": "unchanged"}


@pytest.mark.torture
@pytest.mark.fault("MariaDB killed in mid-migration")
def test_after_a_database_is_killed_during_a_migration_an_operator_has_to_decide(
    released: StackUnderTest,
) -> None:
    name = "2026_03_04_000001_slow"
    with migration(released, name, SLOW, ["DROP TABLE slow"]):
        process = released.start("step", "migrate")
        wait_for_table(released, "slow")
        kill_database(released)
        out, err = process.communicate(timeout=300)
        broken = Done(process.returncode, out, err)
        require_error(
            broken, 3, f" done: {name}: CREATE TABLE slow", f"not done: {name}: ALTER TABLE slow"
        )
        require_error(released.cli("deploy"), 3, "half done")
    require_error(released.cli("migrate", "--resolve"), 2, "--yes")
    with open_session(released.open().database()) as session:
        session.execute("DROP TABLE slow")
    resolution = released.cli("migrate", "--resolve", "--json").report["data"]["found"]
    assert "nothing of it happened" in resolution, "the manual repair is accepted"
    assert released.cli("step", "migrate", "--json").outcomes == {"migrate": "unchanged"}
    restart_database(released)


def test_a_schema_repaired_by_hand_can_be_resolved(stack: StackUnderTest) -> None:
    """Uses journal records of a killed run, and a schema that an operator repaired."""
    ctx = stack.open()
    before = {"applied": ["gone"], "schema": "another", "names": ["never"], "pending": []}
    journal = ctx.journal.of_run("killed")
    state = {"tags": {}, "containers": {}, "schema": None, "migrations": None}
    run = {"who": "me", "pid": 1, "release": "1", "target": None, "state": state}
    journal.append("run", command="deploy", **run)
    step = {"step": "migrate", "step_kind": "migrate", "options": {"name": "migrate"}}
    journal.append("intent", **step, change="migrate", before=before)
    require_error(stack.cli("step", "migrate"), 3, "half done", "migrate --resolve")
    resolved = stack.cli("migrate", "--resolve", "--yes", "--json")
    assert resolved.code == 0, resolved.stderr
    assert "resolved" in resolved.report["data"]["found"]
    assert stack.cli("step", "migrate", "--json").outcomes == {"migrate": "unchanged"}
    journal.append("success", resolves=[])  # later tests expect no interrupted run


@pytest.mark.torture
@pytest.mark.fault("deployer killed in mid-migration")
def test_a_deploy_killed_during_a_migration_is_resumed(released: StackUnderTest) -> None:
    name = "2026_03_05_000001_slow"
    with migration(released, name, SLOW, ["DROP TABLE slow"]):
        known = len(started_steps(released))
        process = released.start("deploy")
        wait_for_step(released, "migrate", known)
        wait_for_table(released, "slow")
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        assert lock_wait(released) == 10
        done = released.cli("deploy", "--json")
        assert done.code == 0, done.stderr
        assert done.outcomes["recover"] == "changed"
        assert done.outcomes["migrate"] == "unchanged"
        with released.database() as facts:
            assert facts.columns("slow") == ("id", "x")
            applied = set(facts.applied_migrations())
        assert lock_wait(released) == DAY
        assert roll_down(released.open(), applied - {name}) == [name]
    assert "slow" not in tables(released)


def wait_for_table(stack: StackUnderTest, name: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while name not in tables(stack):
        assert time.monotonic() < until, f"the table {name} does not exist in time"
        time.sleep(0.1)


def kill_database(stack: StackUnderTest) -> None:
    """Kill the server process as a crash does, so that the restart policy applies."""
    ctx = stack.open()
    container = ctx.running(ctx.settings.services.database).id
    for entry in Path("/proc").glob("[0-9]*/cgroup"):
        with suppress(OSError):
            if container in entry.read_text():
                os.kill(int(entry.parent.name), signal.SIGKILL)


def restart_database(stack: StackUnderTest) -> None:
    """Stop and start the database's container, so that the engine resets its count of restarts.

    Otherwise `diagnose` would report the crash in later tests.
    """
    ctx = stack.open()
    container = ctx.running(str(ctx.settings.services.database)).id
    ctx.engine.stop(container, 60)
    ctx.engine.start(container)
    assert stack.cli("step", "health").code == 0
    assert ctx.running(str(ctx.settings.services.database)).restart_count == 0


@contextmanager
def reader_of(stack: StackUnderTest, table: str) -> Iterator[None]:
    """During the block, keep a transaction open that has read the table, so that DDL waits."""
    has_read = threading.Event()

    def read(stop: threading.Event) -> None:
        with open_session(stack.open().database()) as session:
            session.execute("START TRANSACTION")
            session.rows(f"SELECT COUNT(*) FROM {quoted(table)}")  # noqa: S608 - quoted
            has_read.set()
            stop.wait(120)
            session.execute("ROLLBACK")

    with in_threads(read):
        assert has_read.wait(30)
        yield
