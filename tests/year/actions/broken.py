"""Releases that do not work: none of them stays in place."""

from __future__ import annotations

from collections.abc import Callable

from tests.stack.stacks.php.strangers_laravel import StrangersLaravel
from tests.year.actions import migrations
from tests.year.actions.sources import (
    break_health,
    break_heartbeats,
    crash_after,
    leave_out_vendor,
    put_release,
)
from tests.year.attempt import Attempt


def release(name: str, damage: Callable[[StrangersLaravel], None]) -> Callable[[Attempt], None]:
    """Return how to deploy a release whose sources are damaged like this."""

    def deploy(attempt: Attempt) -> None:
        damage(attempt.stack)
        put_release(attempt.stack, name)
        attempt.run("deploy")

    return deploy


def crash(seconds: int) -> Callable[[Attempt], None]:
    """Return how to deploy a release whose replicas end this long after their start."""
    return release(f"crash-{seconds}", lambda stack: crash_after(stack, seconds))


health = release("broken-health", break_health)
heartbeats = release("broken-heartbeats", break_heartbeats)
without_vendor = release("without-vendor", leave_out_vendor)


def failing_migration(attempt: Attempt) -> None:
    """Deploy a unique index on a column in which most rows are equal."""
    migrations.add(attempt, migrations.UNIQUE_STATUS)
    put_release(attempt.stack, "unique-status")
    attempt.run("deploy")
