"""Deploys that something comes in between of: another deploy, Ctrl-C, SIGKILL."""

from __future__ import annotations

import signal

from tests.stack.release.failures.test_changes_by_hand import kill_in_mid_rollout
from tests.stack.release.failures.test_failures import started_steps, wait_for_step
from tests.stack.release.test_migrations import wait_for_table
from tests.stack.stacks.php.strangers_laravel import WEB
from tests.stack.support.processes.commands import Command
from tests.year.actions import migrations
from tests.year.actions.releases import deploy_release, expect_running
from tests.year.actions.sources import put_release
from tests.year.attempt import Attempt

# From the start of a deploy to its migrations, on a loaded machine.
STEP_WITHIN_SECONDS = 240.0
# A migration during which the deploy can be killed.
MIGRATION_SECONDS = 15


def second_deploy(attempt: Attempt) -> None:
    """Deploy while another deploy is at work; that one goes on."""
    put_release(attempt.stack, "first")
    first = _started(attempt, "build")
    attempt.run("deploy")
    attempt.finish(first)
    expect_running(attempt, "first")


def ctrl_c(attempt: Attempt) -> None:
    """Press Ctrl-C while the replicas are replaced."""
    put_release(attempt.stack, "interrupted")
    deploy = _started(attempt, "rollout")
    deploy.send_signal(signal.SIGINT)
    attempt.finish(deploy)


def kill_in_rollout(attempt: Attempt) -> None:
    """Kill a deploy while it replaces the second replica, and deploy again."""
    put_release(attempt.stack, "killed-in-rollout")
    kill_in_mid_rollout(attempt.stack, attempt.stack.containers()[WEB[1]].name)
    attempt.count(-signal.SIGKILL)
    deploy_release(attempt, "killed-in-rollout")
    _expect_nothing_unfinished(attempt)


def kill_in_migration(attempt: Attempt) -> None:
    """Kill a deploy while its migration runs, and deploy again."""
    stack = attempt.stack
    migrations.add(attempt, migrations.slow(MIGRATION_SECONDS))
    put_release(stack, "killed-in-migration")
    deploy = attempt.start("deploy")
    wait_for_table(stack, "slow", STEP_WITHIN_SECONDS)
    deploy.kill()
    deploy.communicate(timeout=60)
    attempt.count(deploy.wait())
    deploy_release(attempt, "killed-in-migration")
    _expect_nothing_unfinished(attempt)
    with stack.database() as facts:
        attempt.expect("x" in facts.columns("slow"), "the migration did not run to its end")


def _started(attempt: Attempt, step: str) -> Command:
    """Start a deploy, and wait until it changes something in this step."""
    known = len(started_steps(attempt.stack))
    deploy = attempt.start("deploy")
    wait_for_step(attempt.stack, step, known, STEP_WITHIN_SECONDS)
    return deploy


def _expect_nothing_unfinished(attempt: Attempt) -> None:
    unfinished = attempt.stack.cli("status", "--json").report["unfinished"]
    attempt.expect(unfinished == [], f"unfinished: {unfinished}")
