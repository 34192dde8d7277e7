"""Releases of the application that work, and one that is fixed."""

from __future__ import annotations

import statistics
import time

from cosmicdeploy.context.releases import running_release
from tests.stack.support.network.nginx_workers import nginx_workers
from tests.year.actions import migrations
from tests.year.actions.sources import break_heartbeats, fix_heartbeats, put_release
from tests.year.attempt import Attempt

DEPLOYS = 10


def deploy_release(attempt: Attempt, name: str, *options: str) -> None:
    """Deploy a release of this name that has to go live."""
    put_release(attempt.stack, name)
    attempt.run("deploy", *options)
    expect_running(attempt, name)


def expect_running(attempt: Attempt, name: str) -> None:
    """Expect the running release to have this name."""
    running = running_release(attempt.stack.open())
    attempt.expect(running == name, f"release {running} runs, not {name}")


def plain(attempt: Attempt) -> None:
    """Deploy new code."""
    deploy_release(attempt, "plain")


def additive(attempt: Attempt) -> None:
    """Deploy new code with a migration that adds a column."""
    migrations.add(attempt, migrations.NICKNAME)
    deploy_release(attempt, "additive")
    attempt.expect("nickname" in migrations.columns(attempt.stack), "the new column is missing")


def twice(attempt: Attempt) -> None:
    """Deploy the release that is in place already."""
    attempt.run("deploy")


def without_a_column(attempt: Attempt) -> None:
    """Deploy a migration that drops a column; it is refused."""
    migrations.add(attempt, migrations.WITHOUT_FIRMWARE)
    put_release(attempt.stack, "without-firmware")
    attempt.run("deploy")
    _expect_firmware(attempt, is_there=True)


def without_a_column_allowed(attempt: Attempt) -> None:
    """Deploy the same migration, allowed by its name."""
    migrations.add(attempt, migrations.WITHOUT_FIRMWARE)
    name = migrations.WITHOUT_FIRMWARE.name
    deploy_release(attempt, "without-firmware", "--allow", name)
    _expect_firmware(attempt, is_there=False)


def _expect_firmware(attempt: Attempt, *, is_there: bool) -> None:
    found = "firmware" in migrations.columns(attempt.stack)
    attempt.expect(found == is_there, f"the column is {'there' if found else 'gone'}")


def slow_migration(attempt: Attempt) -> None:
    """Deploy a migration that takes a minute."""
    migrations.add(attempt, migrations.slow(60))
    started = time.monotonic()
    deploy_release(attempt, "slow-migration")
    attempt.expect(time.monotonic() - started > 60, "the migration did not take its time")


def broken_release_in_place(attempt: Attempt) -> None:
    """Put a release in place whose heartbeats fail, by single steps, without the verification."""
    break_heartbeats(attempt.stack)
    put_release(attempt.stack, "broken")
    for step in ("build", "rollout"):
        attempt.prepare("step", step)
    assert running_release(attempt.stack.open()) == "broken", "given: it is not in place"


def hotfix(attempt: Attempt) -> None:
    """Deploy the fix, without any option."""
    fix_heartbeats(attempt.stack)
    deploy_release(attempt, "hotfix")


def ten_deploys(attempt: Attempt) -> None:
    """Deploy ten releases one after the other."""
    seconds, reloads = [], 0
    for number in range(1, DEPLOYS + 1):
        workers, started = nginx_workers(attempt.stack), time.monotonic()
        deploy_release(attempt, f"ten-{number}")
        seconds.append(time.monotonic() - started)
        reloads += nginx_workers(attempt.stack) != workers
    attempt.figures.append(
        f"a deploy took {statistics.median(seconds):.1f} s (median;"
        f" {min(seconds):.1f} to {max(seconds):.1f} s); nginx was reloaded in {reloads} of them"
    )
