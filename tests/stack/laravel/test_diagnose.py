"""`diagnose` on a real Laravel application, which the deployer knows only from `cosmicdeploy.yaml`.

Each test causes a typical problem, checks that `diagnose` finds and fixes it, and leaves the stack
healthy.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import running_release
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.sessions.process_list import Process, kill, read_process_list
from cosmicdeploy.errors import DatabaseError
from cosmicdeploy.probes.http import Response, send_request
from cosmicdeploy.probes.urls import replica_url
from cosmicdeploy.steps.base import Change, Step
from cosmicdeploy.steps.commands.chown import ChownStep
from cosmicdeploy.steps.schema.mark_migrated import MarkMigratedStep
from tests.stack.compatibility.test_compose import V1, compose
from tests.stack.observe.test_checklist import wait_for_counters
from tests.stack.observe.test_diagnose import client, diagnosed, fixed, problems, wait_until
from tests.stack.stacks.php.laravel_by_hand import (
    SESSION,
    by_hand,
    container,
    docker,
    migration,
    session,
)
from tests.stack.stacks.php.strangers_laravel import CACHE, CRON, JOBS, WEB, StrangersLaravel
from tests.stack.support.harness import BEAT, BODY, Done
from tests.stack.support.promises import require_whole
from tests.stack.support.variants import edit

pytestmark = [pytest.mark.stack, pytest.mark.torture]

ARTISAN = ("php", "artisan")
MONITOR = "devices:monitor-status"
TABLE = "Schema::create('notes', fn (Blueprint $table) => $table->id());"
COLUMN = "Schema::table('remotes', fn (Blueprint $t) => $t->string('{name}')->nullable());"
# A cross join of 21 devices seven times takes minutes.
LONG = "SELECT COUNT(*) FROM " + ", ".join(f"remotes AS r{n}" for n in range(7))  # noqa: S608
# A provider that an operator tried and removed again without clearing the configuration cache.
HOTFIX = r"""
cp config/app.php /tmp/app.php
sed -i "s/'providers' => \[/&App\\\\Providers\\\\Hotfix::class,/" config/app.php
echo '<?php namespace App\Providers; class Hotfix extends \Illuminate\Support\ServiceProvider {}' \
    > app/Providers/Hotfix.php
php artisan config:cache
mv /tmp/app.php config/app.php
rm app/Providers/Hotfix.php
"""
BEATS, ERRORS, MANY_ERRORS = 60, 5, 1000
POINTS = (
    *("migrations", "transitions", "flapping", "rate-limit", "scheduler"),
    *("database", "cache", "errors", "external"),
)


@dataclass(frozen=True)
class Repaired:
    """The stack, and the results of `diagnose command` without and with --fix."""

    stack: StrangersLaravel
    diagnosed: Done
    fixed: Done


@pytest.fixture(scope="module")
def repaired(laravel_up: StrangersLaravel) -> Iterator[Repaired]:
    """Put release 2 into the sources of release 1, and let `diagnose --fix` deploy it.

    Short limits make statements count as long soon.
    """
    assert running_release(laravel_up.open()) == "1", "test_deploy leaves another release"
    for service in (*WEB, CRON, JOBS):  # earlier log lines must not count for the baseline
        laravel_up.log(service).unlink(missing_ok=True)
    with laravel_up.files_kept():
        laravel_up.put_release_2()
        edit(
            laravel_up.folder / "cosmicdeploy.yaml",
            lambda d: d["diagnose"].update(slow_after=1, end_after=2),
        )
        diagnosed_ = laravel_up.cli("diagnose", "command", "--json")
        fixed_ = laravel_up.cli("diagnose", "command", "--fix", "--yes", "--json")
        assert fixed_.code == 0, fixed_.stdout + fixed_.stderr
        yield Repaired(laravel_up, diagnosed_, fixed_)


@pytest.fixture
def released(repaired: Repaired) -> StrangersLaravel:
    """Return the stack with release 2."""
    return repaired.stack


def waiting(ctx: Context) -> list[Process]:
    """Return the sessions that have waited for a table for at least a second."""
    with open_session(ctx.database()) as session_:
        active = read_process_list(session_).values()
    return [each for each in active if each.waits_for_table_lock and each.seconds >= 1]


def findings_text(done: Done) -> str:
    """Return all findings with their details, one per line."""
    findings = [f for t in done.report["data"]["troubles"] for f in t["findings"]]
    return "\n".join(line for f in findings for line in (f["found"], *f["details"]))


def require_well(stack: StrangersLaravel) -> None:
    require_whole(stack)
    assert stack.health().status == 200


def test_a_command_that_no_image_has_is_fixed_by_a_deploy(repaired: Repaired) -> None:
    assert repaired.diagnosed.code == 5
    found = problems(repaired.diagnosed, "command")
    assert re.match(f"{MONITOR} is not registered in .*, nor in the image ", found["registered"])
    assert found["file"].endswith(", ".join((*WEB, CRON, JOBS)))
    assert [each["command"] for each in repaired.fixed.report["data"]["remedies"]] == ["deploy"]
    assert repaired.stack.health().headers["x-app-version"] == "2"


def test_a_healthy_stack_has_no_problem(released: StrangersLaravel) -> None:
    """The keys that `onOneServer()` leaves in the cache for each minute are no stale lock."""
    ran = released.inside(CRON, *ARTISAN, "schedule:run")
    assert ran.exit_code == 0, ran.error_text
    assert "framework/schedule-" in keys(released, "*")
    done = released.cli("diagnose", "--json")
    assert done.code == 0, done.stdout
    findings = [f for t in done.report["data"]["troubles"] for f in t["findings"]]
    assert {f["severity"] for f in findings} == {"ok"}, findings
    assert next(f for f in findings if f["looked_at"] == "overlap lock")["found"] == "none is held"


def keys(stack: StrangersLaravel, pattern: str) -> str:
    result = stack.inside(CACHE, "redis-cli", "-n", "1", "--scan", "--pattern", pattern)
    return result.text


def test_the_checklist_works_without_changes_to_the_application(released: StrangersLaravel) -> None:
    """A point that cannot be measured gives the reason."""
    wait_for_counters(released)
    with released.database() as facts:  # whatever their state after earlier tests
        facts.session.execute("UPDATE remotes SET last_heartbeat_at = NOW() - INTERVAL 1 HOUR")
    assert released.cli("console", MONITOR).code == 0
    with released.beats() as measured:
        wait_until("beats are sent", 120, lambda: measured.sent >= BEATS)
    _, points = checked(released)
    assert tuple(points) == POINTS
    worse = {name for name, each in points.items() if each["verdict"] == "worse"}
    assert worse <= {"cache"}, (
        "only the cache may be worse, because of the empty queue of the worker"
    )
    unknown = {name: each["why"] for name, each in points.items() if each["verdict"] == "unknown"}
    assert unknown["rate-limit"] == "no client was refused"
    assert unknown["external"] == "checklist.external names no service"
    assert set(unknown) <= {"rate-limit", "external", "scheduler", "cache"}
    assert all(unknown.values()), unknown
    assert points["transitions"]["now"]["transitions"] >= len(released.kiosks), (
        "all kiosks reconnected"
    )
    found = points["errors"]["now"]
    assert found["requests"]["answers"] >= BEATS
    assert (found["logs"]["errors"], found["logs"]["unread"]) == (0, {})
    for _ in range(ERRORS):
        failing = (*ARTISAN, "migrate:status", "--database=none")
        assert released.inside(WEB[0], *failing, user="www-data").exit_code == 1
    _, points = checked(released)
    assert points["errors"]["now"]["logs"]["errors"] == ERRORS
    # The verdict compares errors per hour, so on a slow machine a few could be fewer than before.
    log = released.log(WEB[0])
    line = next(line for line in log.read_text().splitlines() if ".ERROR:" in line)
    with log.open("a") as file:
        file.write(f"{line}\n" * MANY_ERRORS)
    code, points = checked(released)
    assert (code, points["errors"]["verdict"]) == (5, "worse")


def checked(stack: StrangersLaravel) -> tuple[int, dict[str, Any]]:
    done = stack.cli("checklist", "--json")
    assert done.code in (0, 5), done.stderr
    return done.code, {each["point"]: each for each in done.report["checklist"]["points"]}


def test_a_scheduler_on_the_old_image_is_updated(released: StrangersLaravel) -> None:
    """As after a restart by hand, it has neither the command nor a schedule."""
    ctx = released.open()
    reference = ctx.service(CRON).image
    new, old = ctx.image_of(CRON), release_1_image(released)
    assert new is not None
    ctx.engine.tag(old, reference)
    compose(released, V1, "up", "-d", "-t", "1", "--no-deps", "--force-recreate", CRON)
    ctx.engine.tag(new.id, reference)
    found = diagnosed(released, "command")
    assert f"{MONITOR} is not registered in {CRON}; the release's" in found["registered"]
    assert found["file"].endswith(f"DeviceStatusMonitorCommand.php is not in {CRON}")
    before = released.containers()
    remedies = fixed(released, "command")
    assert [each["command"] for each in remedies] == ["deploy"]
    after = released.containers()
    assert {n for n in after if after[n].id != before[n].id} == {CRON}
    require_well(released)


def release_1_image(stack: StrangersLaravel) -> str:
    """Return the image of release 1, from the manifest of a backup."""
    backup = next(b for b in stack.open().catalogue.list() if b.manifest.release == "1")
    return next(iter(backup.manifest.images.values()))


def test_the_lock_of_a_killed_run_is_removed(released: StrangersLaravel) -> None:
    """`withoutOverlapping()` does not release its lock if the run is killed."""
    ctx, before = released.open(), released.containers()[CRON]
    kill_scheduler_run(released)
    found = diagnosed(released, "scheduler")
    assert found["container"].startswith(f"{CRON} is exited")
    assert re.match(
        r"\S+framework/schedule-[0-9a-f]{40} \(expires in \d+ s\) is stale",
        found["overlap lock"],
    )
    remedies = [each["remedy"] for each in fixed(released, "scheduler")]
    assert remedies[0] == f"start {CRON}" and remedies[1].startswith("remove the lock ")
    assert len(remedies) == 2
    after = ctx.running(CRON)
    assert after.id == before.id
    require_well(released)


def kill_scheduler_run(stack: StrangersLaravel) -> None:
    """Kill the scheduler during a run, as a host does that runs out of memory."""
    ctx = stack.open()
    for key in keys(stack, "*framework/schedule-*").split():  # the run of this minute is over
        assert stack.inside(CACHE, "redis-cli", "-n", "1", "DEL", key).exit_code == 0
    with client(ctx) as (_, mine):
        mine.execute("LOCK TABLES remotes WRITE")
        with by_hand(stack, CRON, *ARTISAN, "schedule:run"):
            wait_until("it waits", 60, lambda: waiting(ctx))
            killed = docker("kill", container(stack, CRON))
            assert killed.wait(60) == 0


def test_a_migration_blocked_by_an_idle_transaction_continues(released: StrangersLaravel) -> None:
    ctx, name = released.open(), "2026_03_01_000001_add_site_to_remotes"
    reading = ("START TRANSACTION", "SELECT id FROM remotes LIMIT 1")
    with (
        migration(released, name, COLUMN.format(name="site")),
        session(released, WEB[0], *reading),
    ):
        time.sleep(1.1)  # ages are whole seconds
        with by_hand(released, WEB[1], *ARTISAN, "migrate", "--force") as (migrator, _):
            wait_until("it waits", 60, lambda: waiting(ctx))
            done = released.cli("diagnose", "migration", "--json")
            assert done.code == 5, done.stdout
            found = problems(done, "migration")["table locks"]
            assert "(displays@web-2, " in found and "alter table `remotes`" in found
            assert "(displays@web-1, idle for" in findings_text(done)
            assert "web-2: artisan migrate" in findings_text(done)
            assert migrator.poll() is None
            [remedy] = fixed(released, "migration")
            assert re.match(r"end session \d+ \(displays@web-1, ", remedy["remedy"])
            assert migrator.wait(60) == 0
    with released.database() as facts:
        assert name in facts.applied_migrations() and "site" in facts.columns("remotes")
    require_well(released)


def test_a_killed_migration_is_marked_as_run_once_its_schema_is_complete(
    released: StrangersLaravel,
) -> None:
    """The table exists but not the row in `migrations`, so every `migrate` fails."""
    name = "2026_03_02_000001_make_notes"
    with migration(released, name, TABLE + COLUMN.format(name="note")):
        kill_half_way(released)
        require_half_done(released, name)
        with released.database() as facts:
            facts.session.execute("ALTER TABLE remotes ADD COLUMN note VARCHAR(255) NULL")
        found = diagnosed(released, "migration")["pending"]
        assert f"all that {name} creates is in the schema, but it is not marked as run" in found
        apply_and_undo(released, MarkMigratedStep(name="note", migrations=(name,)))
        [remedy] = fixed(released, "migration")
        assert remedy["remedy"] == f"mark {name} as run"
        status = released.inside(WEB[2], *ARTISAN, "migrate:status").text
        assert re.search(rf"\| Yes +\| {name}", status)
    require_well(released)


def apply_and_undo(stack: StrangersLaravel, step: Step) -> None:
    """Apply and undo a step, as a run does if a later step fails."""
    ctx = stack.open()
    change = step.check(ctx)
    assert isinstance(change, Change)
    step.apply(ctx, change)
    step.verify(ctx, change)
    step.undo(ctx, change)
    assert step.check(ctx) == change


def kill_half_way(stack: StrangersLaravel) -> None:
    ctx = stack.open()
    with client(ctx) as (_, mine):
        mine.execute("LOCK TABLES remotes READ")
        with by_hand(stack, WEB[1], *ARTISAN, "migrate", "--force") as (migrator, number):
            wait_until("it waits", 60, lambda: waiting(ctx))
            [waits] = waiting(ctx)
            assert stack.inside(WEB[1], "kill", "-KILL", number).exit_code == 0
            with suppress(DatabaseError), open_session(ctx.database()) as other:
                kill(other, waits.id, statement_only=False)
            assert migrator.wait(60) != 0


def require_half_done(stack: StrangersLaravel, name: str) -> None:
    """Assert that `diagnose` names the statements and leaves the decision to the operator."""
    found = diagnosed(stack, "migration")["pending"]
    assert found.startswith(f"{name} is half done")
    before = stack.snapshot()
    done = stack.cli("diagnose", "migration", "--fix", "--yes", "--json")
    assert done.code == 5 and done.report["data"]["remedies"] == []
    assert f"\ndone: {name}: create table `notes`" in findings_text(done)
    assert f"\nnot done: {name}: alter table `remotes`" in findings_text(done)
    assert stack.snapshot() == before
    again = stack.cli("step", "migrate", "--json")
    assert again.code == 1 and "cosmicdeploy diagnose migration" in again.stderr


def test_a_stale_configuration_cache_is_removed(released: StrangersLaravel) -> None:
    """It breaks the console including `config:clear`, so only a new container helps."""
    changed = released.inside(WEB[1], "sh", "-ec", HOTFIX)
    assert changed.exit_code == 0, changed.error_text + changed.text
    before = released.containers()
    done = released.cli("diagnose", "command", "--json")
    found = problems(done, "command")
    assert found == diagnosed(released, "command")
    assert found["registered"] == f"the console of {WEB[1]} cannot list its commands"
    assert r'Class "App\Providers\Hotfix" not found' in findings_text(done)
    assert "bootstrap/cache/config.php" in findings_text(done)
    remedies = fixed(released, "command")
    assert [each["applied"] for each in remedies] == [False, True]
    assert "by new ones of the same image" in remedies[1]["remedy"]
    after = released.containers()
    assert {n for n in after if after[n].id != before[n].id} == {WEB[1]}
    require_well(released)


# The tests of the shipped stack end a long statement while a backup runs.
def test_a_long_query_is_ended(released: StrangersLaravel) -> None:
    with by_hand(released, WEB[0], "php", "-r", SESSION, "--", LONG) as (query, _):
        time.sleep(3)
        found = diagnosed(released, "database-load")["long statements"]
        assert "(displays@web-1, " in found and "SELECT COUNT(*) FROM remotes" in found
        [remedy] = fixed(released, "database-load")
        assert remedy["remedy"].startswith("end the statement of session ")
        assert query.wait(60) != 0, "the client gets the error"
    require_well(released)


def test_an_idle_transaction_that_blocks_a_heartbeat_is_ended(released: StrangersLaravel) -> None:
    updating = ("START TRANSACTION", "UPDATE remotes SET battery_level = 1 WHERE name = 'VERIFY'")
    with (
        session(released, WEB[0], *updating),
        by_hand(released, WEB[1], *beat(released)) as (sent, _),
    ):
        time.sleep(3)
        found = diagnosed(released, "database-load")
        assert set(found) == {"lock waits"}, "only the holder is reported, not the waiting session"
        holder = r"session \d+ \(displays@web-1, idle for"
        assert re.match(rf"1 session waits for \d+ s for rows that {holder}", found["lock waits"])
        assert sent.poll() is None, "the heartbeat waits"
        [remedy] = fixed(released, "database-load")
        assert re.match(f"end {holder}", remedy["remedy"])
        assert sent.wait(60) == 0, "the heartbeat is answered 200"
    require_well(released)


def beat(stack: StrangersLaravel) -> tuple[str, ...]:
    """Return a command that sends a heartbeat and waits for the answer."""
    token = f"Authorization: Bearer {stack.token()}"
    return ("curl", "-fsS", "-H", token, "-d", "battery_level=85", f"http://127.0.0.1{BEAT}")


def test_a_replica_without_php_and_a_log_of_root_are_fixed(released: StrangersLaravel) -> None:
    ctx, before = released.open(), released.containers()
    assert released.inside(WEB[2], "pkill", "-KILL", "php-fpm").exit_code == 0
    log = released.log(WEB[1])
    log.unlink(missing_ok=True)
    failing = released.inside(WEB[1], *ARTISAN, "migrate:status", "--database=none")
    assert failing.exit_code == 1 and log.stat().st_uid == 0
    assert beat_after_absence(released).status == 500, "it cannot write its log"
    found = diagnosed(released, "unhealthy")
    assert found["answers"].startswith(f"{WEB[2]}: http://") and "502" in found["answers"]
    path = "/var/www/storage/logs/laravel.log"
    assert found["log file"] == f"{path} in {WEB[1]} belongs to root: www-data cannot write to it"
    step = ChownStep(name="log", service=WEB[1], path=PurePosixPath(path))
    apply_and_undo(released, step)
    remedies = [each["remedy"] for each in fixed(released, "unhealthy")]
    assert remedies[0].startswith(f"restart the container of {WEB[2]} in place")
    assert remedies[1:] == [f"give {path} in {WEB[1]} to www-data"]
    after = released.containers()
    assert {n: c.id for n, c in after.items()} == {n: c.id for n, c in before.items()}
    assert beat_after_absence(released).status == 200
    assert "Device status transition" in log.read_text()
    require_well(released)
    assert ctx.running(WEB[2]).health in ("healthy", "starting")


def beat_after_absence(stack: StrangersLaravel) -> Response:
    """Send a heartbeat of a disconnected device, whose transition is logged."""
    ctx = stack.open()
    with stack.database() as facts:
        facts.session.execute("UPDATE remotes SET status = 'Disconnected' WHERE name = 'VERIFY'")
    url = replica_url(ctx, WEB[1]) + BEAT
    return send_request(url, token=stack.token(), json=BODY)


def test_the_scheduler_runs_the_command_again(released: StrangersLaravel) -> None:
    ctx, scheduler = released.open(), released.containers()[CRON]
    since = scheduler.started.timestamp()
    pattern = re.compile(rf"Running scheduled command: .*{MONITOR}")
    wait_until(
        "it runs", 75, lambda: any(map(pattern.search, ctx.engine.log_lines(scheduler.id, since)))
    )
    done = released.cli("diagnose", "--json")
    assert done.code == 0, done.stdout
