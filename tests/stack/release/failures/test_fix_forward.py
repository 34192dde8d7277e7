"""Deploy a fix over a release that does not work: only what worked before must keep working."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cosmicdeploy.layout import SOURCES
from tests.stack.release.failures.test_changes_by_hand import kill_in_mid_rollout
from tests.stack.release.failures.test_faults import STUCK, add_to_dockerfile
from tests.stack.stacks.fragile import (
    APPS,
    SCHEDULER,
    WORKER,
    break_down,
    clear_faults,
    crash,
    make_fragile,
    restore_sources,
    wait_until,
)
from tests.stack.support.harness import RELEASED, StackUnderTest
from tests.stack.support.promises import require_whole

pytestmark = pytest.mark.stack


@pytest.fixture
def fragile(released: StackUnderTest) -> Iterator[StackUnderTest]:
    """Deploy a working release that can be broken."""
    make_fragile(released)
    yield released
    clear_faults(released)


def every_fault(stack: StackUnderTest) -> list[str]:
    """Break each service in another way; return the broken ones."""
    ctx = stack.open()
    break_down(stack, APPS[0], "health", "heartbeat", "console")
    crash(stack, APPS[1])
    ctx.engine.remove(ctx.running(APPS[2]).id)
    ctx.engine.stop(ctx.running(SCHEDULER).id, 10)
    crash(stack, WORKER)
    wait_until(stack, APPS[0], lambda container: container.health == "unhealthy")
    return [*RELEASED]


def unhealthy(stack: StackUnderTest) -> list[str]:
    for name in APPS:
        break_down(stack, name, "health", "console")
    for name in APPS:
        wait_until(stack, name, lambda container: container.health == "unhealthy")
    return [*APPS]


def crashing(stack: StackUnderTest) -> list[str]:
    for name in RELEASED:
        crash(stack, name)
    return [*RELEASED]


def exited(stack: StackUnderTest) -> list[str]:
    ctx = stack.open()
    for name in RELEASED:
        ctx.engine.stop(ctx.running(name).id, 10)
    return [*RELEASED]


def missing(stack: StackUnderTest) -> list[str]:
    ctx = stack.open()
    for name in RELEASED:
        ctx.engine.remove(ctx.running(name).id)
    return [*RELEASED]


def refuses_heartbeats(stack: StackUnderTest) -> list[str]:
    for name in APPS:
        break_down(stack, name, "heartbeat")
    return [*APPS]


def dead_workers(stack: StackUnderTest) -> list[str]:
    ctx = stack.open()
    for name in (SCHEDULER, WORKER):
        ctx.engine.stop(ctx.running(name).id, 10)
    return [SCHEDULER, WORKER]


@pytest.mark.torture
@pytest.mark.fault("release that does not work, then its fix")
@pytest.mark.parametrize(
    "trouble",
    [every_fault, unhealthy, crashing, exited, missing, refuses_heartbeats, dead_workers],
)
def test_a_fix_is_deployed_over_a_broken_release(
    fragile: StackUnderTest, trouble: Callable[[StackUnderTest], list[str]]
) -> None:
    broken = trouble(fragile)
    before = {name: container.id for name, container in fragile.containers().items()}
    restore_sources(fragile)
    with never_healthy(fragile):
        failed = fragile.cli("deploy", "--json")
    assert failed.code == 1, failed.stderr
    assert {name: c.id for name, c in fragile.containers().items()} == before
    assert all(f"{name} still " in failed.stderr for name in broken), failed.stderr
    assert fragile.cli("status", "--json").report["unfinished"] == []

    planned = fragile.cli("deploy", "--plan", "--json")
    assert planned.code == 0, planned.stderr
    done = fragile.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert done.report["release"] == "fix"
    assert all(name in done.reason("health") for name in broken)
    if trouble is not refuses_heartbeats:  # a plan sends no heartbeats
        assert all(name in planned.reason("health") for name in broken)
    require_whole(fragile)
    assert fragile.cli("verify").code == 0


@pytest.mark.torture
@pytest.mark.fault("fix of a release that does not work, killed in mid-rollout")
@pytest.mark.parametrize("again", [("deploy",), ("deploy", "--abort"), ("up",)])
def test_a_killed_deploy_of_a_fix_can_be_resumed_or_aborted(
    fragile: StackUnderTest, again: tuple[str, ...]
) -> None:
    before = {name: container.id for name, container in fragile.containers().items()}
    crashing(fragile)
    restore_sources(fragile)
    kill_in_mid_rollout(fragile, APPS[0])
    done = fragile.cli(*again, "--json")
    if again != ("up",):
        assert done.code == 0, done.stderr
    if "--abort" in again:
        assert {name: c.id for name, c in fragile.containers().items()} == before
    done = fragile.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    require_whole(fragile)


@contextmanager
def never_healthy(stack: StackUnderTest) -> Iterator[None]:
    """Change the release so that its second replica never becomes healthy."""
    dockerfile = stack.folder / SOURCES / "Dockerfile"
    kept = dockerfile.read_text()
    add_to_dockerfile(stack, STUCK.format(last=12))
    stack.set_setting("healthy_within: 60", "healthy_within: 8")
    yield
    stack.set_setting("healthy_within: 8", "healthy_within: 60")
    dockerfile.write_text(kept)
