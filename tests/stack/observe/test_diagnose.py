"""`diagnose`: a real cause of each trouble is found, named, and fixed by `--fix`."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.session import Session, open_session
from cosmicdeploy.database.sessions.process_list import kill, read_process_list
from cosmicdeploy.errors import CosmicError, DatabaseError
from cosmicdeploy.steps.schema.down import roll_down
from tests.stack.release.test_migrations import migration, reader_of, wait_for_table
from tests.stack.support.harness import Done, StackUnderTest
from tests.stack.support.promises import acknowledged, require_whole
from tests.stack.support.variants import COMPOSE, edit

pytestmark = pytest.mark.stack


COMMAND = "devices:monitor-status"
FILE = "/var/www/cosmic_app/commands/device_status_monitor.py"
ADD_HALFWAY = "ALTER TABLE remotes ADD COLUMN halfway INT NULL"
QUESTION = b"Run this remedy?"
LOCK = f"cosmic:lock:{COMMAND}"


@pytest.fixture(scope="module")
def released(laid_out: StackUnderTest) -> Iterator[StackUnderTest]:
    """The stack on release 2 for all tests here, with short limits; each test leaves it well."""
    with laid_out.files_kept():
        laid_out.put_release_2()
        laid_out.set_setting("slow_after: 5", "slow_after: 1")
        laid_out.set_setting("end_after: 30", "end_after: 2")
        done = laid_out.cli("deploy", "--json")
        assert done.code == 0, done.stderr
        yield laid_out


def problems(done: Done, name: str) -> dict[str, str]:
    """Return the problems of a trouble, by subject."""
    trouble = next(t for t in done.report["data"]["troubles"] if t["trouble"] == name)
    ill = [f for f in trouble["findings"] if f["severity"] in ("problem", "unknown")]
    return {finding["looked_at"]: finding["found"] for finding in ill}


def diagnosed(stack: StackUnderTest, name: str) -> dict[str, str]:
    """Run the checks, which change nothing."""
    before = stack.snapshot()
    done = stack.cli("diagnose", name, "--json")
    assert done.code == 5, done.stdout
    assert stack.snapshot() == before
    return problems(done, name)


def fixed(stack: StackUnderTest, name: str) -> list[dict[str, Any]]:
    """Fix a trouble, and check that it is well; return the remedies."""
    done = stack.cli("diagnose", name, "--fix", "--yes", "--json")
    assert done.code == 0, done.stdout + done.stderr
    assert done.report["outcome"] == "changed"
    assert problems(done, name) == {}
    again = stack.cli("diagnose", name, "--fix", "--json")
    assert (again.code, again.report["outcome"]) == (0, "done"), "nothing is left to ask for"
    remedies: list[dict[str, Any]] = done.report["data"]["remedies"]
    return remedies


@contextmanager
def client(ctx: Context) -> Iterator[tuple[int, Session]]:
    """A database session like a client's, and its id; the test may end it."""
    with suppress(CosmicError), open_session(ctx.database()) as session:
        number = int(session.rows("SELECT CONNECTION_ID()")[0][0])
        yield number, session


@contextmanager
def running(ctx: Context, sql: str) -> Iterator[tuple[int, threading.Event]]:
    """A running statement in its own session, and whether it has ended."""
    with client(ctx) as (number, session):
        ended = threading.Event()

        def run() -> None:
            with suppress(DatabaseError):
                session.rows(sql)
            ended.set()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield number, ended
        finally:
            with suppress(DatabaseError), open_session(ctx.database()) as other:
                kill(other, number, statement_only=False)
            thread.join(timeout=20)


def wait_until(what: str, seconds: float, seen: Any) -> None:
    until = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < until, what
        time.sleep(0.5)


def test_a_healthy_stack_has_no_trouble(released: StackUnderTest) -> None:
    done = released.cli("diagnose")
    assert done.code == 0, done.stdout
    assert "PROBLEM" not in done.stdout and "UNKNOWN" not in done.stdout
    assert "diagnose: no problem, " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


# A migration of the application itself is held up in this way with Laravel.
@pytest.mark.torture
def test_a_session_that_holds_up_a_migration_is_named_and_ended(released: StackUnderTest) -> None:
    ctx = released.open()
    with client(ctx) as (holder, session):
        session.execute("START TRANSACTION")
        session.rows("SELECT id FROM remotes LIMIT 1")
        time.sleep(1.1)  # ages are whole seconds
        with running(ctx, "ALTER TABLE remotes COMMENT = 'diagnosed'") as (waiter, ended):
            wait_until("it waits", 60, lambda: _waits_for_table(ctx, waiter))
            done = released.cli("diagnose", "migration", "--json")
            assert done.code == 5, done.stdout
            found = problems(done, "migration")["table locks"]
            assert f"session {waiter} (root@" in found and "ALTER TABLE remotes" in found
            assert f"held by session {holder} (root@" in done.stdout

            unanswered = released.cli("diagnose", "migration", "--fix")
            assert unanswered.code == 2 and "--yes" in unanswered.stderr
            assert not ended.is_set(), "nothing is ended without a yes"

            [remedy] = fixed(released, "migration")
            assert remedy["remedy"].startswith(f"end session {holder} (root@")
            assert ended.wait(60)
        with pytest.raises(DatabaseError):
            session.execute("SELECT 1")
    with released.database() as facts:
        facts.session.execute("ALTER TABLE remotes COMMENT = ''")
    require_well(released)


@pytest.mark.torture
def test_no_session_is_ended_if_several_may_hold_the_lock(released: StackUnderTest) -> None:
    """Only with a plugin the server says which session it is."""
    ctx = released.open()
    with client(ctx) as (one, first), client(ctx) as (two, second):
        for session, table in ((first, "remotes"), (second, "device_status_transitions")):
            session.execute("START TRANSACTION")
            session.rows(f"SELECT id FROM {table} LIMIT 1")  # noqa: S608 - one of these two
        time.sleep(1.1)  # ages are whole seconds
        with running(ctx, "ALTER TABLE remotes COMMENT = 'diagnosed'") as (waiter, ended):
            wait_until("it waits", 60, lambda: _waits_for_table(ctx, waiter))
            done = released.cli("diagnose", "migration", "--fix", "--yes", "--json")
            assert done.code == 5 and done.report["data"]["remedies"] == []
            for holder in (one, two):
                assert f"perhaps held by session {holder} (root@" in done.stdout
            assert "INSTALL SONAME 'metadata_lock_info'" in done.stdout
            assert not ended.is_set()
    require_well(released)


def _waits_for_table(ctx: Context, number: int) -> bool:
    with open_session(ctx.database()) as session:
        found = read_process_list(session)[number]
    return found.waits_for_table_lock and found.seconds >= 1  # no problem before


# A killed migration is completed with Laravel, and a deploy over one is tested with the migrations.
@pytest.mark.torture
def test_a_half_done_migration_waits_for_the_operator_and_then_continues(
    released: StackUnderTest,
) -> None:
    name = "2026_03_06_000001_halfway"
    up = ["CREATE TABLE halfway (id INT PRIMARY KEY)", ADD_HALFWAY]
    released.set_setting("lock_wait: 10", "lock_wait: 1")
    down = ["DROP TABLE halfway", "ALTER TABLE remotes DROP COLUMN halfway"]
    with migration(released, name, up, down):
        killed_in_mid_migration(released, "halfway")
        found = diagnosed(released, "migration")
        assert found["interrupted run"] == "Migrations of an earlier run are half done"
        assert found["pending"].startswith(f"{name} is half done")
        done = released.cli("diagnose", "migration", "--fix", "--yes", "--json")
        assert done.code == 5 and "--yes does not cover this" in done.stderr
        assert [each["applied"] for each in done.report["data"]["remedies"]] == [False]
        with released.database() as facts:
            facts.session.execute(ADD_HALFWAY)
        remedies = {each["command"]: each["applied"] for each in fixed(released, "migration")}
        assert remedies == {"migrate --resolve": False, "diagnose --fix": True, "deploy": True}
        with released.database() as facts:
            applied = set(facts.applied_migrations())
        assert name in applied
        assert roll_down(released.open(), applied - {name}) == [name]
    released.set_setting("lock_wait: 1", "lock_wait: 10")
    require_well(released)


def killed_in_mid_migration(stack: StackUnderTest, table: str) -> None:
    """Its first statement runs, its second one waits and then fails."""
    ctx = stack.open()
    with reader_of(stack, "remotes"):
        process = stack.start("step", "migrate")
        wait_for_table(stack, table)
        process.kill()
        process.communicate(timeout=60)
        wait_until(
            "the migrator gives up",
            30,
            lambda: not any(c.is_running for c in ctx.engine.leftovers(ctx.stack.project)),
        )


@pytest.mark.torture
def test_a_repaired_schema_is_settled_by_a_yes_at_the_terminal(
    released: StackUnderTest,
) -> None:
    """With the journal records of a killed run."""
    with released.database() as facts:
        applied, digest = sorted(facts.applied_migrations()), facts.schema_digest()
    state = {"tags": {}, "containers": {}, "schema": digest, "migrations": applied}
    journal = released.open().journal.of_run("killed")
    begun = {"who": "me", "pid": 1, "release": "2", "target": None, "state": state}
    journal.append("run", command="deploy", **begun)
    before = {"applied": [*applied, "gone"], "schema": digest, "names": ["never"], "pending": []}
    step = {"step": "migrate", "step_kind": "migrate", "options": {"name": "migrate"}}
    journal.append("intent", **step, change="migrate", before=before)
    assert "half done" in diagnosed(released, "migration")["interrupted run"]
    code, shown = at_a_terminal(released, b"n\n", "diagnose", "migration", "--fix")
    assert code == 5 and "say yes only if you have repaired it" in shown
    code, shown = at_a_terminal(released, b"y\n", "diagnose", "migration", "--fix")
    assert code == 0, shown
    again = released.cli("deploy", "--json")
    assert again.code == 0, again.stderr
    require_well(released)


def at_a_terminal(stack: StackUnderTest, answer: bytes, *words: str) -> tuple[int, str]:
    """Run a command and answer its question; return the exit code and the output."""
    ours, theirs = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if name != "CI"}
    process = subprocess.Popen(
        [sys.executable, "-m", "cosmicdeploy", *words],
        cwd=stack.folder,
        env={**environ, "TERM": "xterm", "COLUMNS": "200"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the other side is closed
        while chunk := os.read(ours, 65536):
            asked, shown = QUESTION in shown, shown + chunk
            if QUESTION in shown and not asked:
                os.write(ours, answer)
    os.close(ours)
    return process.wait(60), shown.decode()


def writable(document: dict[str, Any]) -> None:
    """Make root file systems writable: otherwise nothing in the containers can be removed."""
    for service in document["services"].values():
        service.pop("read_only", None)


# That one container alone is recreated for its console is seen with Laravel's stale cache.
@pytest.mark.torture
def test_a_missing_command_is_restored_from_the_releases_image(released: StackUnderTest) -> None:
    edit(released.folder / COMPOSE, writable)
    assert released.cli("deploy", "--json").code == 0
    ctx, before = released.open(), released.containers()
    place = before["cosmic-app-2"].id
    assert ctx.engine.exec_as("root", place, ["rm", FILE]).exit_code == 0
    found = diagnosed(released, "command")
    assert f"{COMMAND} is not registered in cosmic-app-2; the release's" in found["registered"]
    assert found["file"] == f"{FILE} is not in cosmic-app-2"
    with acknowledged(released) as beats:
        remedies = fixed(released, "command")
    assert [r["applied"] for r in remedies] == [True, True]
    assert remedies[0]["remedy"].startswith("run cache:clear, config:clear")
    assert "by new ones of the same image" in remedies[1]["remedy"]
    after = released.containers()
    assert {n for n in after if after[n].id != before[n].id} == {"cosmic-app-2"}
    assert (beats.failures, beats.turned_away) == ([], 0)
    require_well(released)


# The lock of a killed scheduler is removed with Laravel.
@pytest.mark.torture
def test_a_stopped_scheduler_and_its_stale_lock_are_fixed(released: StackUnderTest) -> None:
    ctx, place = released.open(), released.containers()["cosmic-scheduler"].id
    ctx.engine.stop(place, 10)
    _redis(ctx, "SET", LOCK, "a scheduler that is no more", "EX", "86400")
    found = diagnosed(released, "scheduler")
    assert found["container"].startswith("cosmic-scheduler is exited")
    assert f"{LOCK} (expires in 86" in found["overlap lock"]
    began = time.time()
    remedies = [remedy["remedy"] for remedy in fixed(released, "scheduler")]
    assert remedies[0] == "start cosmic-scheduler"
    assert remedies[1].startswith(f"remove the lock {LOCK}")
    assert released.containers()["cosmic-scheduler"].id == place
    released.begin_minute_again()
    wait_until("it runs the command", 75, lambda: _ran(ctx, place, began))
    require_well(released)


def _redis(ctx: Context, *words: str) -> str:
    result = ctx.engine.exec(ctx.running("platform-redis").id, ["redis-cli", *words])
    assert result.exit_code == 0, result.error_text
    return result.text.strip()


def _ran(ctx: Context, place: str, since: float) -> bool:
    lines = ctx.engine.log_lines(place, since)
    return any(f"Running scheduled command: Artisan {COMMAND}" in line for line in lines)


def test_a_clients_long_statement_is_ended_and_a_backups_is_not(
    released: StackUnderTest,
) -> None:
    ctx = released.open()
    dump = "SELECT /*!40001 SQL_NO_CACHE */ SLEEP(60)"
    with (
        running(ctx, "SELECT SLEEP(61)") as (reader, ended),
        running(ctx, dump) as (backup, not_ended),
    ):
        time.sleep(3)
        done = released.cli("diagnose", "database-load", "--json")
        assert done.code == 5, done.stdout
        assert f"session {reader} (root@" in problems(done, "database-load")["long statements"]
        assert f"session {backup} (root@" in done.stdout and "it belongs to a backup" in done.stdout
        [remedy] = fixed(released, "database-load")
        assert remedy["remedy"].startswith(f"end the statement of session {reader} (root@")
        assert ended.wait(60) and not not_ended.is_set()
        with open_session(ctx.database()) as session:
            left = read_process_list(session)
        assert left[reader].is_idle, "the session itself goes on"
        assert left[backup].statement == dump
    require_well(released)


# Each probe of a frozen replica waits until it gives up. That a replica which does not answer is
# restarted, and that a stopped scheduler is started, is tested with Laravel.
@pytest.mark.torture
def test_a_frozen_and_a_stopped_replica_serve_again(released: StackUnderTest) -> None:
    ctx, before = released.open(), released.containers()
    frozen = before["cosmic-app-2"].name
    subprocess.run(
        ["docker", "kill", "--signal", "STOP", frozen], check=True, capture_output=True, timeout=60
    )
    ctx.engine.stop(before["cosmic-app-3"].id, 10)
    found = diagnosed(released, "unhealthy")
    assert found["containers"].startswith("cosmic-app-3 is exited (exit code")
    assert found["answers"].startswith("cosmic-app-2: http://")
    remedies = {r["command"] for r in fixed(released, "unhealthy")}
    assert remedies == {"up", "restart cosmic-app-2"}
    after = released.containers()
    assert {n: c.id for n, c in after.items()} == {n: c.id for n, c in before.items()}
    require_well(released)


def docker(*words: str) -> None:
    subprocess.run(["docker", *words], check=True, capture_output=True, timeout=60)


@pytest.fixture
def paused(released: StackUnderTest) -> Iterator[Callable[..., None]]:
    """A function that pauses the containers of services; they continue after the test."""
    pausing: list[str] = []

    def pause(*services: str) -> None:
        for service in services:
            pausing.append(released.containers()[service].name)
            docker("pause", pausing[-1])

    yield pause
    for name in pausing:
        with suppress(subprocess.CalledProcessError):  # it continues already
            docker("unpause", name)


def test_a_paused_replica_continues_by_fix(
    released: StackUnderTest, paused: Callable[..., None]
) -> None:
    before = released.lives()
    paused("cosmic-app-2")
    done = released.cli("diagnose", "unhealthy", "--json")
    assert problems(done, "unhealthy")["containers"] == "cosmic-app-2 is paused"
    [trouble] = done.report["data"]["troubles"]
    sound = {f["looked_at"]: f["found"] for f in trouble["findings"] if f["severity"] == "ok"}
    assert "cosmic-app-2" not in sound["answers"] and " of 8 running" in sound["containers"]
    [remedy] = fixed(released, "unhealthy")
    assert remedy["command"] == "up"
    assert remedy["remedy"] == "let cosmic-app-2 continue (`docker unpause`)"
    assert released.lives() == before, "no container was restarted"
    require_well(released)


# Each service on its own, and the commands that advise `up`.
@pytest.mark.torture
@pytest.mark.parametrize(
    "service",
    ["platform-db", "platform-redis", "platform-nginx", "cosmic-app-1", "cosmic-scheduler"],
)
def test_every_error_about_a_paused_container_advises_a_command_that_works(
    released: StackUnderTest, paused: Callable[..., None], service: str
) -> None:
    before = released.lives()
    for words in (
        ("verify",),
        ("deploy", "--yes"),
        ("exec", service, "true"),
        ("restart", service, "--yes"),
    ):
        paused(service)
        done = released.cli(*words)
        if done.code:
            assert "`cosmicdeploy up`" in done.stdout + done.stderr, words
            up = released.cli("up", "--json")
            assert up.code == 0, up.stderr
        row = next(
            row
            for row in released.cli("status", "--json").report["data"]
            if row["service"] == service
        )
        assert row["state"] in ("healthy", "running", "starting"), words
    assert {name: life[0] for name, life in released.lives().items()} == {
        name: life[0] for name, life in before.items()
    }
    require_well(released)


@pytest.mark.torture
def test_a_replica_off_its_network_is_replaced(released: StackUnderTest) -> None:
    before = released.containers()
    [network] = before["cosmic-app-2"].networks
    docker("network", "disconnect", network, before["cosmic-app-2"].name)
    found = diagnosed(released, "unhealthy")
    assert found["networks"] == f"cosmic-app-2 is not on the network {network}"
    fixed(released, "unhealthy")
    after = released.containers()
    assert {n for n in after if after[n].id != before[n].id} == {"cosmic-app-2"}
    assert after["cosmic-app-2"].addresses == before["cosmic-app-2"].addresses
    require_well(released)


def test_a_full_redis_is_named_with_the_command_that_gives_it_more(
    released: StackUnderTest,
) -> None:
    ctx = released.open()
    limit = _redis(ctx, "CONFIG", "GET", "maxmemory").split()[-1]
    _redis(ctx, "CONFIG", "SET", "maxmemory", "100kb")
    try:
        done = released.cli("diagnose", "cache", "--json")
        found = problems(done, "cache")
        assert "noeviction: Redis refuses writes once it is full" in found["memory"]
        assert found["writes"].startswith("Redis refuses writes: its memory is full (OOM")
        assert _redis(ctx, "EXISTS", "cosmicdeploy:probe") == "0"
        [advice] = re.findall(r"`cosmicdeploy (exec platform-redis [^`]+)`", done.stdout)
        assert released.cli(*advice.split()).code == 0
        assert released.cli("diagnose", "cache").code == 0
    finally:
        _redis(ctx, "CONFIG", "SET", "maxmemory", limit)
        _redis(ctx, "CONFIG", "RESETSTAT")
    require_well(released)


def test_a_redis_that_cannot_save_refuses_writes_until_it_can(released: StackUnderTest) -> None:
    ctx = released.open()
    container = ctx.running("platform-redis").id
    owner = ctx.engine.exec(container, ["stat", "-c", "%u:%g", "/data"]).text.strip()
    closed = ctx.engine.exec_as("root", container, ["sh", "-c", "chown 0:0 /data; chmod 555 /data"])
    assert closed.exit_code == 0, closed.error_text
    try:
        _redis(ctx, "SET", "diagnosed", "1")
        _redis(ctx, "BGSAVE")
        status = "rdb_last_bgsave_status:err"
        wait_until("it fails", 20, lambda: status in _redis(ctx, "INFO", "persistence"))
        found = diagnosed(released, "cache")
        assert found["persistence"].startswith("the last snapshot failed")
        assert found["writes"].startswith("Redis refuses writes: it cannot save its data (MISCONF")
        storage = diagnosed(released, "storage")["mounts"]
        assert re.match(r"user \d+ of platform-redis cannot create files in /data, ", storage)
    finally:
        # In this order: without CAP_FOWNER, root cannot change the mode of another user's folder.
        mended = f"chmod 755 /data && chown {owner} /data"
        opened = ctx.engine.exec_as("root", container, ["sh", "-c", mended])
        assert opened.exit_code == 0, opened.error_text
    done = released.cli("exec", "cache", "redis-cli", "BGSAVE")
    assert done.code == 0, done.stderr
    wait_until("it saves", 20, lambda: status not in _redis(ctx, "INFO", "persistence"))
    _redis(ctx, "DEL", "diagnosed")
    _redis(ctx, "CONFIG", "RESETSTAT")
    require_well(released)


def test_an_unknown_token_is_named(released: StackUnderTest) -> None:
    token = released.token()
    released.set_variable("DEVICE_TOKEN", "of-no-device")
    try:
        found = diagnosed(released, "heartbeat")
        assert ": 401 in " in found["heartbeat"]
        assert "the application does not know the token in DEVICE_TOKEN" in found["heartbeat"]
    finally:
        released.set_variable("DEVICE_TOKEN", token)


def test_storage_that_cannot_be_written_is_writable_after_the_advised_chown(
    released: StackUnderTest,
) -> None:
    folder = released.folder / "data-kiosk/features"
    was = folder.stat()
    os.chown(folder, 0, 0)
    folder.chmod(0o755)
    try:
        found = diagnosed(released, "storage")
        assert (
            "cannot create files in /var/www/storage/features, which belongs to root"
            in found["mounts"]
        )
        report = released.cli("diagnose", "storage", "--json").report
        todo = report["data"]["troubles"][0]["findings"][0]["todo"]
        [command] = re.findall(r"`(docker run [^`]* 33:33 /var/www/storage/features)`", todo)
        subprocess.run(["sh", "-c", command], check=True, capture_output=True, timeout=60)
        assert released.cli("diagnose", "storage").code == 0
    finally:
        os.chown(folder, was.st_uid, was.st_gid)
        folder.chmod(was.st_mode)


def test_a_disk_that_is_fuller_than_the_setting_allows_is_named(released: StackUnderTest) -> None:
    released.set_setting("disk: 0.95", "disk: 0.001")
    try:
        found = diagnosed(released, "storage")
        assert " in use, " in found["disks"] or " of the inodes" in found["disks"]
    finally:
        released.set_setting("disk: 0.001", "disk: 0.95")


def require_well(stack: StackUnderTest) -> None:
    require_whole(stack)
    assert stack.health().status == 200
    assert stack.cli("status", "--json").report["unfinished"] == []
    done = stack.cli("diagnose", "--json")
    assert done.code == 0, done.stdout
