"""Deploy, verify and roll back a real Laravel application with only its `cosmicdeploy.yaml`.

The stack was not written for cosmicdeploy: nginx keeps its default settings, and the stack has no
maintenance file. Each test continues from the state that the previous test left: release 1, release
2, a rollback, a deploy that misses a step, the repair of that deploy, and a rollback by down
migrations. `test_diagnose` continues from the last state.
"""

from __future__ import annotations

import re
import time

import pytest

from cosmicdeploy.errors import NeedsPerson
from cosmicdeploy.probes.http import send_request
from cosmicdeploy.steps.schema.down import roll_down
from tests.stack.operate.test_workers import lives
from tests.stack.stacks.php.strangers_laravel import (
    CRON,
    JOBS,
    SETTINGS,
    WEB,
    WWW_DATA,
    StrangersLaravel,
    with_maintenance_file,
)
from tests.stack.support.harness import BEAT, BODY
from tests.stack.support.network.nginx_workers import no_reload
from tests.stack.support.promises import acknowledged, require_whole
from tests.stack.support.variants import COMPOSE, edit

pytestmark = pytest.mark.stack

MIGRATION = "2026_02_02_000001_add_heartbeat_management_fields_to_remotes"
MONITOR = "devices:monitor-status"
# A job of the scheduler takes SECONDS. A wait of more than LONG seconds was not only for the job,
# but for the scheduler's whole grace period of 60 s.
SECONDS, LONG = 4, 45


@pytest.fixture
def on_release_2(laravel: StrangersLaravel) -> StrangersLaravel:
    """Return the stack on release 2; deploy release 2 now unless an earlier test did."""
    if laravel.health().headers["x-app-version"] != "2":
        laravel.put_release_2()
        done = laravel.cli("deploy", "--json")
        assert done.code == 0, done.stderr
    return laravel


def start_scheduler_job(stack: StrangersLaravel) -> None:
    """Start a child of process 1, as the scheduler starts `schedule:run` every minute."""
    started = stack.inside(CRON, "sh", "-c", f"sleep {SECONDS} </dev/null >/dev/null 2>&1 &")
    assert started.exit_code == 0, started.error_text


def test_release_1_runs(laravel: StrangersLaravel) -> None:
    answer = laravel.health()
    assert (answer.status, answer.headers["x-app-version"]) == (200, "1")
    assert laravel.inside(WEB[0], "php", "artisan", "--version").text.startswith("Laravel")
    status = laravel.cli("status", "--json")
    assert status.code == 0, status.stderr


def test_old_containers_see_the_new_migration(laravel: StrangersLaravel) -> None:
    """The folder is mounted; a plan names the migration without running it."""
    laravel.put_release_2()
    status = laravel.inside(WEB[1], "php", "artisan", "migrate:status").text
    assert re.search(rf"\| No +\| {MIGRATION}", status)
    plan = laravel.cli("deploy", "--plan", "--json")
    assert plan.code == 0, plan.stderr
    assert MIGRATION in plan.reason("migrate") and "additive" in plan.reason("migrate")
    with laravel.database() as facts:
        assert MIGRATION not in facts.applied_migrations()


def test_a_deploy_loses_no_heartbeat_and_no_job(laravel: StrangersLaravel) -> None:
    laravel.put_release_2()
    for service in WEB:  # as after a log rotation: the first writer creates the file
        laravel.log(service).unlink(missing_ok=True)
    ctx = laravel.open()
    queued = laravel.inside(WEB[0], *ctx.console("queue:probe", "6", "--seconds=2")).text.split()
    plan = laravel.cli("deploy", "--plan", "--json").reason("rollout")
    assert "nginx may skip a restarted replica for 10 s" in plan
    with lives(ctx.stack.project) as events, acknowledged(laravel) as beats, no_reload(laravel):
        done = laravel.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert not beats.failures and not beats.turned_away
    beats.require_kept(laravel)
    require_whole(laravel)
    assert laravel.health().headers["x-app-version"] == "2"
    requests = done.report["requests"]
    assert (requests["failures"], requests["not_found"]) == ([], 0), requests
    assert requests["kept"]["sent"] > 0, "a reload would have broken kept connections"
    assert events.of(CRON) == events.of(JOBS) == ["die", "start"]
    seconds = {step["name"]: step["seconds"] for step in done.report["steps"]}
    assert seconds["quiesce workers"] < LONG, (
        "the run waited for the whole grace period, not only for the job"
    )
    require_done_once(laravel, queued)


def require_done_once(stack: StrangersLaravel, jobs: list[str]) -> None:
    done, until = re.compile(r"Probe \w+ done"), time.monotonic() + 120
    while len(done.findall(stack.log(JOBS).read_text())) < len(jobs):
        assert time.monotonic() < until
        time.sleep(0.5)
    text = stack.log(JOBS).read_text()
    counts = {
        job: [text.count(f"Probe {job} {word}") for word in ("begun", "done")] for job in jobs
    }
    assert counts == {job: [1, 1] for job in jobs}


def test_the_log_keeps_belonging_to_the_web_server(laravel: StrangersLaravel) -> None:
    """`docker exec … php artisan` by hand creates files that PHP-FPM cannot write to."""
    owners = {
        laravel.log(service).stat().st_uid for service in WEB if laravel.log(service).exists()
    }
    assert owners <= {WWW_DATA}
    log = laravel.log(WEB[0])
    log.unlink(missing_ok=True)
    failing = ("migrate:status", "--database=none")  # raises an exception, which is logged
    by_hand = laravel.inside(WEB[0], "php", "artisan", *failing)
    assert by_hand.exit_code == 1 and log.stat().st_uid == 0, (
        "by hand the file no longer belongs to root"
    )
    log.unlink()
    assert laravel.cli("console", *failing).code == 1
    assert log.stat().st_uid == WWW_DATA


def test_verify_passes_and_a_second_deploy_changes_nothing(laravel: StrangersLaravel) -> None:
    laravel.put_release_2()
    done = laravel.cli("verify", "--json")
    assert done.code == 0, done.stdout
    assert not [check for check in done.report["checks"] if check["skipped"]]
    warned = {
        check["point"]: check["stake"] for check in done.report["checks"] if check["warnings"]
    }
    assert warned == {"proxy": "clients"}, "only nginx's defaults are worth a warning"
    before = laravel.snapshot()
    again = laravel.cli("deploy", "--json")
    assert again.code == 0, again.stderr
    assert set(again.outcomes.values()) == {"passed", "unchanged"}, again.outcomes
    assert laravel.snapshot() == before


def test_a_plan_and_verify_grade_what_nginxs_configuration_risks(
    laravel: StrangersLaravel,
) -> None:
    laravel.put_release_2()
    laravel.set_variable("APP_VERSION", "planned-only")
    planned = laravel.cli("deploy", "--plan", "--json").reason("verify")
    assert planned.startswith("checked in the run; proxy has ")
    assert "warnings: slows clients down in a deploy" in planned
    [check] = laravel.cli("verify", "--only", "proxy", "--json").report["checks"]
    assert (check["ok"], check["stake"]) == (True, "clients")
    assert check["warnings"][-1].startswith("slows deploys down: upstream web")
    text = laravel.cli("verify", "--only", "proxy").stdout
    row = next(line for line in text.splitlines() if " proxy " in line)
    assert row.split()[0] == "warns", "no plain ok"
    assert "proxy has" in "".join(text.splitlines()[-2:])


def test_a_scheduler_that_ignores_its_stop_signal_is_reported(laravel: StrangersLaravel) -> None:
    """The configuration does not show it: PHP catches the signal but ignores it."""
    edit(laravel.folder / SETTINGS, lambda d: d["restart"].update(between_jobs=[]))
    edit(laravel.folder / COMPOSE, lambda d: d["services"][CRON].update(stop_grace_period="2s"))
    done = laravel.cli("restart", CRON)
    assert done.code == 0, done.stderr
    assert "ignored its stop signal: it was killed after 2 s" in done.stdout


def test_a_restart_of_the_scheduler_waits_for_its_job_and_no_longer(
    laravel: StrangersLaravel,
) -> None:
    start_scheduler_job(laravel)
    started = time.monotonic()
    done = laravel.cli("restart", CRON, "--json")
    took = time.monotonic() - started
    assert done.code == 0, done.stderr
    assert SECONDS - 1 < took < LONG, "the restart waited for the whole grace period"


def test_a_rollback_of_migrations_without_force_is_reported(laravel: StrangersLaravel) -> None:
    """`migrate:rollback` cancels itself without --force; the error says so, and nothing is lost."""
    by_hand = laravel.inside(WEB[0], "php", "artisan", "migrate:rollback", "--step=1")
    assert by_hand.exit_code == 1 and "Command Canceled!" in by_hand.text
    edit(
        laravel.folder / SETTINGS,
        lambda d: d.update(migrate={"rollback": ["migrate:rollback"]}),
    )
    with laravel.database() as facts:
        applied = facts.applied_migrations()
    with pytest.raises(NeedsPerson) as error:
        roll_down(laravel.open(), set(applied) - {MIGRATION})
    assert "add --force to migrate.rollback" in error.value.todo
    with laravel.database() as facts:
        assert facts.applied_migrations() == applied


def test_a_migration_that_cannot_be_undone_is_refused_before_any_change(
    laravel: StrangersLaravel,
) -> None:
    """The older sources are checked out: the mounted folder hides the file in the image."""
    before = laravel.snapshot()
    with acknowledged(laravel) as beats:
        done = laravel.cli(
            "rollback", "--migration", "--to", newest_release_1_backup(laravel), "--yes", "--json"
        )
    assert done.code == 1, done.stdout
    assert MIGRATION in done.stderr and "file" in done.stderr
    assert not beats.failures and not beats.turned_away
    assert laravel.snapshot() == before


def test_a_rollback_without_a_maintenance_file_restores_release_1(
    on_release_2: StrangersLaravel,
) -> None:
    """The run restores image, schema and data. It stops nginx to do so, which is not reported."""
    laravel = on_release_2
    with acknowledged(laravel) as beats:
        done = laravel.cli("rollback", "--to", newest_release_1_backup(laravel), "--yes", "--json")
    assert done.code == 0, done.stderr
    assert "clients cannot connect: lb is stopped" in done.reason("quiesce")
    assert done.report["turned_away_seconds"] > 0
    requests = done.report["requests"]
    assert (requests["failed"], beats.turned_away) == (0, 0) and requests["held"] > 0, requests
    answered = [each for each in beats.failures if re.search(r": \d{3} in ", each)]
    assert beats.all and not answered, (
        "while nginx is stopped, clients cannot connect, but get no error page"
    )
    assert laravel.health().headers["x-app-version"] == "1"
    require_whole(laravel)
    with laravel.database() as facts:
        assert "grace_period_seconds" not in facts.columns("remotes")


def wait_for_scheduler_run(stack: StrangersLaravel) -> None:
    """Wait until the scheduler's log, which `verify` reads, shows a run of the scheduler."""
    pattern = re.compile(rf"Running scheduled command: .*{MONITOR}")
    ctx, until = stack.open(), time.monotonic() + 120
    while not any(pattern.search(line) for line in ctx.engine.logs(ctx.running(CRON).id)):
        assert time.monotonic() < until, "the scheduler did not run in time"
        time.sleep(1)


def newest_release_1_backup(stack: StrangersLaravel) -> str:
    return next(
        b.id for b in stack.open().catalogue.list() if b.is_good and b.manifest.release == "1"
    )


@pytest.mark.torture
def test_verify_detects_what_the_health_path_does_not(laravel: StrangersLaravel) -> None:
    """New code on the old schema is healthy, but accepts no heartbeat."""
    backup = laravel.cli("backup", "create")  # of release 1, to roll back to later
    assert backup.code == 0, backup.stderr
    laravel.put_release_2()
    for step in ("build", "rollout"):
        done = laravel.cli("step", step, "--json")
        assert done.code == 0, done.stderr
    assert laravel.health().status == 200
    answer = send_request(laravel.url() + BEAT, token=laravel.kiosks[0], json=BODY)
    assert answer.status == 500
    verified = laravel.cli("verify", "--json")
    assert verified.code == 5
    failing = {check["point"] for check in verified.report["checks"] if not check["ok"]}
    assert failing == {"schema", "monitor", "heartbeat"}


@pytest.mark.torture
def test_a_deploy_repairs_the_old_schema(laravel: StrangersLaravel) -> None:
    laravel.put_release_2()
    done = laravel.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert done.outcomes["migrate"] == "changed"
    assert laravel.cli("verify").code == 0


@pytest.mark.torture
def test_a_rollback_by_down_migrations_keeps_newer_rows(on_release_2: StrangersLaravel) -> None:
    """The stack has a maintenance file, and the scheduler has run since the deploy."""
    laravel = on_release_2
    laravel.put_release_2()
    with_maintenance_file(laravel)
    reloaded = laravel.cli("deploy", "--json")
    assert reloaded.code == 0, reloaded.stderr
    wait_for_scheduler_run(laravel)
    assert send_request(laravel.url() + BEAT, token=laravel.kiosks[0], json=BODY).status == 200
    with acknowledged(laravel) as beats:
        done = laravel.cli(
            "rollback", "--migration", "--to", newest_release_1_backup(laravel), "--yes", "--json"
        )
    assert done.code == 0, done.stderr
    assert not beats.failures and beats.turned_away
    beats.require_kept(laravel)
    assert laravel.health().headers["x-app-version"] == "1"
    with laravel.database() as facts:
        assert MIGRATION not in facts.applied_migrations()
