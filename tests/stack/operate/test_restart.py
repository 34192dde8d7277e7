"""`restart`: the same containers in place; a killed restart is settled by the next command."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest

from cosmicdeploy.probes.readiness import serves_now
from cosmicdeploy.proxy import out_of_service
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.containers.restart.restart import RestartStep
from tests.stack.support.harness import RELEASED, StackUnderTest
from tests.stack.support.promises import acknowledged, require_whole

pytestmark = pytest.mark.stack

APPS = tuple(name for name in RELEASED if "app" in name)


def starts(stack: StackUnderTest) -> dict[str, tuple[str, str]]:
    return {name: (c.id, c.started_at) for name, c in stack.containers().items()}


def restarted(stack: StackUnderTest, before: dict[str, tuple[str, str]]) -> set[str]:
    """Return the services whose container, still the same one, was started since."""
    after = starts(stack)
    assert {name: c[0] for name, c in after.items()} == {name: c[0] for name, c in before.items()}
    return {name for name in after if after[name] != before[name]}


def killed_when(stack: StackUnderTest, moment: Callable[[], bool], *words: str) -> None:
    """Start a command, and kill it at a given moment."""
    process, end = stack.start(*words), time.monotonic() + 60
    while not moment():
        assert process.poll() is None and time.monotonic() < end, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)


def require_settled(stack: StackUnderTest) -> None:
    require_whole(stack)
    assert stack.health().status == 200
    assert out_of_service(stack.open()) == []
    assert stack.cli("status", "--json").report["unfinished"] == []


def test_replicas_are_restarted_without_a_lost_request(stack: StackUnderTest) -> None:
    before = starts(stack)
    with acknowledged(stack) as beats:
        done = stack.cli("restart", "app", "cosmic-scheduler", "--json")
    assert done.code == 0, done.stderr
    assert restarted(stack, before) == {*APPS, "cosmic-scheduler"}
    assert (beats.failures, beats.turned_away) == ([], 0)
    beats.require_kept(stack)
    requests = done.report["requests"]
    assert requests["sent"] > 0 and (requests["failed"], requests["broken"]) == (0, "")
    assert "this is no deploy" in done.reason("restart")
    require_settled(stack)


def test_an_image_that_a_restart_does_not_apply_is_named(stack: StackUnderTest) -> None:
    stack.set_variable("HEARTBEAT_RATE_LIMIT", "121")
    before = starts(stack)
    done = stack.cli("restart", "cosmic-queue-1", "--json")
    assert done.code == 0, done.stderr
    assert restarted(stack, before) == {"cosmic-queue-1"}
    assert "cosmic-queue-1 stays out of date" in done.stderr
    assert "HEARTBEAT_RATE_LIMIT" in done.stderr and "`cosmicdeploy deploy`" in done.stderr
    [step] = [step for step in done.report["steps"] if step["kind"] == "restart-in-place"]
    assert list(step["facts"]["stale"]) == ["cosmic-queue-1"]


def test_a_replica_is_restarted_only_if_another_one_serves(
    stack: StackUnderTest,
) -> None:
    ctx, before = stack.open(), starts(stack)
    for name in APPS[1:]:
        ctx.engine.stop(ctx.running(name).id, 10)
    refused = stack.cli("restart", APPS[0])
    assert refused.code == 2, refused.stderr
    assert f"No replica but {APPS[0]} is ready" in refused.stdout
    assert starts(stack)[APPS[0]] == before[APPS[0]]
    with acknowledged(stack) as beats:
        done = stack.cli("restart", "app", "--json")
    assert done.code == 0, done.stderr
    assert beats.failures == [], "the two that were away came first"
    assert restarted(stack, before) == set(APPS)


def test_all_asks_first_and_says_how_long_clients_waited(stack: StackUnderTest) -> None:
    before = starts(stack)
    refused = stack.cli("restart", "--all")
    assert refused.code == 2, refused.stderr
    assert "Use with caution" in refused.stdout and "--yes" in refused.stderr
    assert restarted(stack, before) == set()
    with acknowledged(stack) as beats:
        done = stack.cli("restart", "--all", "--yes", "--json")
    assert done.code == 0, done.stderr
    assert restarted(stack, before) == set(before)
    report = done.report
    assert report["turned_away_seconds"] > 0 and report["requests"]["failed"] == 0
    [step] = [step for step in report["steps"] if step["kind"] == "restart-in-place"]
    assert 0 < step["facts"]["proxy_away_seconds"] < report["turned_away_seconds"]
    beats.require_kept(stack)
    assert beats.turned_away > 0
    require_settled(stack)


@pytest.mark.torture
def test_the_services_that_need_the_cache_restart_with_it(stack: StackUnderTest) -> None:
    """So that a job in progress does not lose its cache."""
    before = starts(stack)
    with acknowledged(stack) as beats:
        done = stack.cli("restart", "cache", "--yes", "--json")
    assert done.code == 0, done.stderr
    assert restarted(stack, before) == {*RELEASED, "platform-redis"}
    assert beats.failures == [] and beats.turned_away > 0
    beats.require_kept(stack)
    require_settled(stack)


@pytest.mark.torture
def test_a_killed_restart_is_settled_by_the_next_command(stack: StackUnderTest) -> None:
    before = starts(stack)

    def is_out() -> bool:
        return APPS[0] in out_of_service(stack.open())

    killed_when(stack, is_out, "restart", "app")
    assert [r["command"] for r in stack.cli("status", "--json").report["unfinished"]] == [
        "restart app"
    ]
    with acknowledged(stack) as beats:
        done = stack.cli("restart", "cosmic-queue-1", "--json")
    assert done.code == 0, done.stderr
    assert beats.failures == []
    assert "cosmic-queue-1" in restarted(stack, before)
    require_settled(stack)


@pytest.mark.torture
def test_a_killed_restart_of_all_lets_clients_in_again(stack: StackUnderTest) -> None:
    before = starts(stack)

    def database_was_stopped() -> bool:  # however soon it runs again
        found = stack.containers()["platform-db"]
        return not found.is_running or (found.id, found.started_at) != before["platform-db"]

    killed_when(stack, database_was_stopped, "restart", "--all", "--yes")
    assert stack.health().is_turned_away
    done = stack.cli("up", "--json")
    assert done.code == 0, done.stderr
    assert stack.health().status == 200
    restarted(stack, before)  # they are the same ones
    require_settled(stack)


def test_ctrl_c_leaves_all_services_running(stack: StackUnderTest) -> None:
    before = starts(stack)
    with acknowledged(stack) as beats:
        process = stack.start("restart", "app")
        while not out_of_service(stack.open()):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=90)
    assert process.returncode == 130, said
    assert beats.failures == []
    assert len(restarted(stack, before)) < len(APPS)
    require_settled(stack)


def test_undo_waits_for_a_container_that_has_just_started(stack: StackUnderTest) -> None:
    """Ctrl-C while a restarted replica starts leaves only healthy containers."""
    ctx = stack.open()
    step = RestartStep(name="restart", services=APPS)
    change = step.check(ctx)
    assert isinstance(change, Change)
    container = ctx.running(APPS[0])
    ctx.engine.stop(container.id, ctx.service(APPS[0]).stop_grace_period)
    ctx.engine.start(container.id)
    step.undo(ctx, change)
    assert serves_now(ctx, ctx.running(APPS[0]))
    require_settled(stack)
