"""`diagnose` on a real Laravel application, which is told of by its `cosmicdeploy.yaml` alone: what
bites there is planted as it comes about, found, named, mended, and seen mended.

Each test leaves the stack well.
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

from cosmicdeploy.context import Context
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.sessions.process_list import Process, kill, read_process_list
from cosmicdeploy.errors import DatabaseError
from cosmicdeploy.probes.http import Response, ask
from cosmicdeploy.probes.urls import container_url
from cosmicdeploy.steps.base import Change, Step
from cosmicdeploy.steps.commands.chown import OwnFileStep
from cosmicdeploy.steps.schema.mark_migrated import NoteMigrationsStep
from tests.stack.observe.test_checklist import wait_for_counters
from tests.stack.observe.test_diagnose import client, diagnosed, fixed, problems, wait_until
from tests.stack.operate.test_workers import SCHEDULER, WORKER
from tests.stack.stacks.laravel import LaravelStack
from tests.stack.stacks.laravel_by_hand import (
    SESSION,
    by_hand,
    container,
    docker,
    migration,
    session,
)
from tests.stack.strangers.test_compose import V1, compose
from tests.stack.support.harness import BEAT, BODY, Done
from tests.stack.support.promises import require_whole
from tests.stack.support.variants import edit

pytestmark = pytest.mark.stack

ARTISAN = ("php", "artisan")
MONITOR = "devices:monitor-status"
APPS = ("cosmic-app-1", "cosmic-app-2", "cosmic-app-3")
TABLE = "Schema::create('notes', fn (Blueprint $table) => $table->id());"
COLUMN = "Schema::table('remotes', fn (Blueprint $t) => $t->string('{name}')->nullable());"
# Of 21 devices, seven times: minutes of work.
LONG = "SELECT COUNT(*) FROM " + ", ".join(f"remotes AS r{n}" for n in range(7))  # noqa: S608
# A provider that somebody tried by hand, and took out again without a thought of the cache.
HOTFIX = r"""
cp config/app.php /tmp/app.php
sed -i "s/'providers' => \[/&App\\\\Providers\\\\Hotfix::class,/" config/app.php
echo '<?php namespace App\Providers; class Hotfix extends \Illuminate\Support\ServiceProvider {}' \
    > app/Providers/Hotfix.php
php artisan config:cache
mv /tmp/app.php config/app.php
rm app/Providers/Hotfix.php
"""
BEATS, ERRORS = 60, 5
POINTS = (
    *("migrations", "transitions", "flapping", "rate-limit", "scheduler"),
    *("database", "cache", "errors", "external"),
)


@dataclass(frozen=True)
class Mended:
    """The stack, and what was found and done for it to have the command of release 2."""

    stack: LaravelStack
    found: Done
    done: Done


@pytest.fixture(scope="module")
def mended(laravel_up: LaravelStack) -> Iterator[Mended]:
    """Release 1 runs, the sources are release 2's. What is long comes soon."""
    assert laravel_up.open().running_release() == "1", "test_deploy leaves another release"
    for service in (*APPS, SCHEDULER, WORKER):  # what was logged by then is no baseline
        laravel_up.log(service).unlink(missing_ok=True)
    with laravel_up.files_kept():
        laravel_up.put_release_2()
        edit(
            laravel_up.folder / "cosmicdeploy.yaml",
            lambda d: d["diagnose"].update(slow_after=1, end_after=2),
        )
        found = laravel_up.cli("diagnose", "command", "--json")
        done = laravel_up.cli("diagnose", "command", "--fix", "--yes", "--json")
        assert done.code == 0, done.stdout + done.stderr
        yield Mended(laravel_up, found, done)


@pytest.fixture
def released(mended: Mended) -> LaravelStack:
    """Release 2."""
    return mended.stack


def waiting(ctx: Context) -> list[Process]:
    """Who has waited long enough for a table to be in trouble."""
    with open_session(ctx.database()) as mine:
        found = read_process_list(mine).values()
    return [each for each in found if each.waits_for_table_lock and each.seconds >= 1]


def told(done: Done) -> str:
    """All that was found with its details, a line each."""
    findings = [f for t in done.report["data"]["troubles"] for f in t["findings"]]
    return "\n".join(line for f in findings for line in (f["found"], *f["details"]))


def require_well(stack: LaravelStack) -> None:
    require_whole(stack)
    assert stack.health().status == 200


def test_a_command_that_no_image_has_comes_by_a_deploy(mended: Mended) -> None:
    assert mended.found.code == 5
    found = problems(mended.found, "command")
    assert re.match(f"{MONITOR} is not registered in .*, nor in the image ", found["registered"])
    assert found["file"].endswith(", ".join((*APPS, SCHEDULER, WORKER)))
    assert [each["command"] for each in mended.done.report["data"]["remedies"]] == ["deploy"]
    assert mended.stack.health().headers["x-app-version"] == "2"


def test_a_whole_stack_has_no_trouble(released: LaravelStack) -> None:
    """Also with what `onOneServer()` leaves in the cache for each minute: that is no lock."""
    ran = released.inside(SCHEDULER, *ARTISAN, "schedule:run")
    assert ran.exit_code == 0, ran.error_text
    assert "framework/schedule-" in keys(released, "*")
    done = released.cli("diagnose", "--json")
    assert done.code == 0, done.stdout
    findings = [f for t in done.report["data"]["troubles"] for f in t["findings"]]
    assert {f["severity"] for f in findings} == {"ok"}, findings
    assert next(f for f in findings if f["looked_at"] == "overlap lock")["found"] == "none is held"


def keys(stack: LaravelStack, pattern: str) -> str:
    result = stack.inside("platform-redis", "redis-cli", "-n", "1", "--scan", "--pattern", pattern)
    return result.text


def test_the_checklist_answers_from_what_is_there(released: LaravelStack) -> None:
    """Its points need nothing in the application; what cannot be known says why."""
    wait_for_counters(released)
    with released.database() as facts:  # whatever became of them in the tests before
        facts.session.execute("UPDATE remotes SET last_heartbeat_at = NOW() - INTERVAL 1 HOUR")
    assert released.cli("console", MONITOR).code == 0
    with released.beats() as measured:
        wait_until("beats are sent", 120, lambda: measured.sent >= BEATS)
    _, points = checked(released)
    assert tuple(points) == POINTS
    worse = {name for name, each in points.items() if each["verdict"] == "worse"}
    assert worse <= {"cache"}, "which the worker's empty queue has a part in"
    unknown = {name: each["why"] for name, each in points.items() if each["verdict"] == "unknown"}
    assert unknown["rate-limit"] == "nobody was refused"
    assert unknown["external"] == "checklist.external names no service"
    assert set(unknown) <= {"rate-limit", "external", "scheduler", "cache"}
    assert all(unknown.values()), unknown
    assert points["transitions"]["now"]["transitions"] >= len(released.kiosks), "they came back"
    found = points["errors"]["now"]
    assert found["requests"]["answers"] >= BEATS
    assert (found["logs"]["errors"], found["logs"]["unread"]) == (0, {})
    for _ in range(ERRORS):
        failing = (*ARTISAN, "migrate:status", "--database=none")
        assert released.inside(APPS[0], *failing, user="www-data").exit_code == 1
    code, points = checked(released)
    found = points["errors"]
    assert (code, found["verdict"], found["now"]["logs"]["errors"]) == (5, "worse", ERRORS)


def checked(stack: LaravelStack) -> tuple[int, dict[str, Any]]:
    done = stack.cli("checklist", "--json")
    assert done.code in (0, 5), done.stderr
    return done.code, {each["point"]: each for each in done.report["checklist"]["points"]}


def test_a_scheduler_on_the_old_image_is_brought_to_the_release(released: LaravelStack) -> None:
    """As a restart by hand leaves it: it has neither the command nor a schedule."""
    ctx = released.open()
    reference = ctx.service(SCHEDULER).image
    new, old = ctx.image_of(SCHEDULER), released_first(released)
    assert new is not None
    ctx.engine.tag(old, reference)
    compose(released, V1, "up", "-d", "-t", "1", "--no-deps", "--force-recreate", SCHEDULER)
    ctx.engine.tag(new.id, reference)
    found = diagnosed(released, "command")
    assert f"{MONITOR} is not registered in {SCHEDULER}; the release's" in found["registered"]
    assert found["file"].endswith(f"DeviceStatusMonitorCommand.php is not in {SCHEDULER}")
    before = released.containers()
    remedies = fixed(released, "command")
    assert [each["command"] for each in remedies] == ["deploy"]
    after = released.containers()
    assert {n for n in after if after[n].id != before[n].id} == {SCHEDULER}
    require_well(released)


def released_first(stack: LaravelStack) -> str:
    """The image of release 1, as the backup before release 2 names it."""
    backup = next(b for b in stack.open().catalogue.list() if b.manifest.release == "1")
    return next(iter(backup.manifest.images.values()))


def test_a_lock_that_a_killed_run_left_is_removed(released: LaravelStack) -> None:
    """`withoutOverlapping()` holds it until the run ends, and a SIGKILL is no end."""
    ctx, before = released.open(), released.containers()[SCHEDULER]
    a_run_is_killed(released)
    found = diagnosed(released, "scheduler")
    assert found["container"].startswith(f"{SCHEDULER} is exited")
    assert re.match(
        r"\S+framework/schedule-[0-9a-f]{40} \(ends in \d+ s\) is left behind",
        found["overlap lock"],
    )
    remedies = [each["remedy"] for each in fixed(released, "scheduler")]
    assert remedies[0] == f"start {SCHEDULER}" and remedies[1].startswith("remove the lock ")
    assert len(remedies) == 2
    after = ctx.running(SCHEDULER)
    assert after.id == before.id
    require_well(released)


def a_run_is_killed(stack: LaravelStack) -> None:
    """In the midst of its work, as by a host that ran out of memory."""
    ctx = stack.open()
    for key in keys(stack, "*framework/schedule-*").split():  # this minute's run is over
        assert stack.inside("platform-redis", "redis-cli", "-n", "1", "DEL", key).exit_code == 0
    with client(ctx) as (_, mine):
        mine.execute("LOCK TABLES remotes WRITE")
        with by_hand(stack, SCHEDULER, *ARTISAN, "schedule:run"):
            wait_until("it waits", 60, lambda: waiting(ctx))
            killed = docker("kill", container(stack, SCHEDULER))
            assert killed.wait(60) == 0


def test_a_migration_that_a_forgotten_transaction_holds_up_runs_on(released: LaravelStack) -> None:
    ctx, name = released.open(), "2026_03_01_000001_add_site_to_remotes"
    reading = ("START TRANSACTION", "SELECT id FROM remotes LIMIT 1")
    with (
        migration(released, name, COLUMN.format(name="site")),
        session(released, APPS[0], *reading),
    ):
        time.sleep(1.1)  # ages are whole seconds
        with by_hand(released, APPS[1], *ARTISAN, "migrate", "--force") as (migrator, _):
            wait_until("it waits", 60, lambda: waiting(ctx))
            done = released.cli("diagnose", "migration", "--json")
            assert done.code == 5, done.stdout
            found = problems(done, "migration")["table locks"]
            assert "(platform@cosmic-app-2, " in found and "alter table `remotes`" in found
            assert "(platform@cosmic-app-1, idle for" in told(done)
            assert "cosmic-app-2: artisan migrate" in told(done)
            assert migrator.poll() is None
            [remedy] = fixed(released, "migration")
            assert re.match(r"end session \d+ \(platform@cosmic-app-1, ", remedy["remedy"])
            assert migrator.wait(60) == 0
    with released.database() as facts:
        assert name in facts.applied_migrations() and "site" in facts.columns("remotes")
    require_well(released)


def test_a_migration_killed_by_hand_is_told_and_noted_once_it_is_whole(
    released: LaravelStack,
) -> None:
    """The table exists, the row in `migrations` does not: every `migrate` fails on that."""
    name = "2026_03_02_000001_make_notes"
    with migration(released, name, TABLE + COLUMN.format(name="note")):
        killed_in_the_middle(released)
        it_is_half_done(released, name)
        with released.database() as facts:
            facts.session.execute("ALTER TABLE remotes ADD COLUMN note VARCHAR(255) NULL")
        found = diagnosed(released, "migration")["pending"]
        assert f"all that {name} makes is in the schema, and it is not noted as run" in found
        goes_there_and_back(released, NoteMigrationsStep(name="note", migrations=(name,)))
        [remedy] = fixed(released, "migration")
        assert remedy["remedy"] == f"note {name} as run"
        status = released.inside(APPS[2], *ARTISAN, "migrate:status").text
        assert re.search(rf"\| Yes +\| {name}", status)
    require_well(released)


def goes_there_and_back(stack: LaravelStack, step: Step) -> None:
    """As where a later step fails."""
    ctx = stack.open()
    change = step.check(ctx)
    assert isinstance(change, Change)
    step.apply(ctx, change)
    step.verify(ctx, change)
    step.undo(ctx, change)
    assert step.check(ctx) == change


def killed_in_the_middle(stack: LaravelStack) -> None:
    ctx = stack.open()
    with client(ctx) as (_, mine):
        mine.execute("LOCK TABLES remotes READ")
        with by_hand(stack, APPS[1], *ARTISAN, "migrate", "--force") as (migrator, number):
            wait_until("it waits", 60, lambda: waiting(ctx))
            [waits] = waiting(ctx)
            assert stack.inside(APPS[1], "kill", "-KILL", number).exit_code == 0
            with suppress(DatabaseError), open_session(ctx.database()) as other:
                kill(other, waits.id, statement_only=False)
            assert migrator.wait(60) != 0


def it_is_half_done(stack: LaravelStack, name: str) -> None:
    """Named by the statement; nobody but a person may say how it goes on."""
    found = diagnosed(stack, "migration")["pending"]
    assert found.startswith(f"{name} is half done")
    before = stack.snapshot()
    done = stack.cli("diagnose", "migration", "--fix", "--yes", "--json")
    assert done.code == 5 and done.report["data"]["remedies"] == []
    assert f"\ndone: {name}: create table `notes`" in told(done)
    assert f"\nnot done: {name}: alter table `remotes`" in told(done)
    assert stack.snapshot() == before
    again = stack.cli("step", "migrate", "--json")
    assert again.code == 1 and "cosmicdeploy diagnose migration" in again.stderr


def test_a_stale_cached_configuration_is_got_rid_of(released: LaravelStack) -> None:
    """It kills the console, `config:clear` with it: only another container is without it."""
    planted = released.inside(APPS[1], "sh", "-ec", HOTFIX)
    assert planted.exit_code == 0, planted.error_text + planted.text
    before = released.containers()
    done = released.cli("diagnose", "command", "--json")
    found = problems(done, "command")
    assert found == diagnosed(released, "command")
    assert found["registered"] == f"the console of {APPS[1]} cannot list its commands"
    assert r'Class "App\Providers\Hotfix" not found' in told(done)
    assert "bootstrap/cache/config.php" in told(done)
    remedies = fixed(released, "command")
    assert [each["applied"] for each in remedies] == [False, True]
    assert "anew from the release's image" in remedies[1]["remedy"]
    after = released.containers()
    assert {n for n in after if after[n].id != before[n].id} == {APPS[1]}
    require_well(released)


def test_a_long_query_is_ended(released: LaravelStack) -> None:
    with by_hand(released, APPS[0], "php", "-r", SESSION, "--", LONG) as (query, _):
        time.sleep(3)
        found = diagnosed(released, "database-load")["long statements"]
        assert "(platform@cosmic-app-1, " in found and "SELECT COUNT(*) FROM remotes" in found
        [remedy] = fixed(released, "database-load")
        assert remedy["remedy"].startswith("end the statement of session ")
        assert query.wait(60) != 0, "the client was told"
    require_well(released)


def test_an_idle_transaction_that_a_beat_waits_for_is_ended(released: LaravelStack) -> None:
    updating = ("START TRANSACTION", "UPDATE remotes SET battery_level = 1 WHERE name = 'VERIFY'")
    with (
        session(released, APPS[0], *updating),
        by_hand(released, APPS[1], *beat(released)) as (sent, _),
    ):
        time.sleep(3)
        found = diagnosed(released, "database-load")
        assert set(found) == {"lock waits"}, "whoever waits is not to blame"
        holder = r"session \d+ \(platform@cosmic-app-1, idle for"
        assert re.match(rf"1 session waits for \d+ s for rows that {holder}", found["lock waits"])
        assert sent.poll() is None, "it waits"
        [remedy] = fixed(released, "database-load")
        assert re.match(f"end {holder}", remedy["remedy"])
        assert sent.wait(60) == 0, "it was answered 200"
    require_well(released)


def beat(stack: LaravelStack) -> tuple[str, ...]:
    """As a device sends it, by a client that waits for its answer."""
    token = f"Authorization: Bearer {stack.token()}"
    return ("curl", "-fsS", "-H", token, "-d", "battery_level=85", f"http://127.0.0.1{BEAT}")


def test_a_replica_without_php_and_a_log_of_root_s_are_mended(released: LaravelStack) -> None:
    ctx, before = released.open(), released.containers()
    assert released.inside(APPS[2], "pkill", "-KILL", "php-fpm").exit_code == 0
    log = released.log(APPS[1])
    log.unlink(missing_ok=True)
    failing = released.inside(APPS[1], *ARTISAN, "migrate:status", "--database=none")
    assert failing.exit_code == 1 and log.stat().st_uid == 0
    assert comes_back(released).status == 500, "what it logs it cannot write"
    found = diagnosed(released, "unhealthy")
    assert found["answers"].startswith(f"{APPS[2]}: http://") and "502" in found["answers"]
    path = "/var/www/storage/logs/laravel.log"
    assert found["log file"] == f"{path} in {APPS[1]} is root's: www-data cannot write to it"
    step = OwnFileStep(name="log", service=APPS[1], path=PurePosixPath(path))
    goes_there_and_back(released, step)
    remedies = [each["remedy"] for each in fixed(released, "unhealthy")]
    assert remedies[0].startswith(f"restart {APPS[2]} by a roll: the same container")
    assert remedies[1:] == [f"give {path} in {APPS[1]} to www-data"]
    after = released.containers()
    assert {n: c.id for n, c in after.items()} == {n: c.id for n, c in before.items()}
    assert comes_back(released).status == 200
    assert "Device status transition" in log.read_text()
    require_well(released)
    assert ctx.running(APPS[2]).health in ("healthy", "starting")


def comes_back(stack: LaravelStack) -> Response:
    """A beat of a device that was away: its transition is logged."""
    ctx = stack.open()
    with stack.database() as facts:
        facts.session.execute("UPDATE remotes SET status = 'Disconnected' WHERE name = 'VERIFY'")
    url = container_url(ctx, ctx.running(APPS[1])) + BEAT
    return ask(url, token=stack.token(), json=BODY)


def test_the_scheduler_has_run_the_command_since(released: LaravelStack) -> None:
    ctx, place = released.open(), released.containers()[SCHEDULER]
    since = place.started.timestamp()
    wanted = re.compile(rf"Running scheduled command: .*{MONITOR}")
    wait_until(
        "it runs", 75, lambda: any(map(wanted.search, ctx.engine.log_lines(place.id, since)))
    )
    done = released.cli("diagnose", "--json")
    assert done.code == 0, done.stdout
