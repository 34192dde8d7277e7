"""The roll on stacks of other shapes, under load that waits: nobody notices."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.stack.release.test_faults import add_to_dockerfile
from tests.stack.support.harness import StackUnderTest
from tests.stack.support.promises import acknowledged, require_whole
from tests.stack.support.variants import SLOW_PATH, brought_up, by_name, slowed, with_replicas

pytestmark = pytest.mark.stack

LARGE = b"x" * 500_000
SENDERS = 5
# The shell is process 1, and does not pass signals on.
DEAF = '\nCMD ["sh", "-c", "python3 -m cosmic_app.serve; exit 1"]\n'


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackUnderTest]:
    """Nine replicas at fixed addresses, with slow answers."""
    folder = tmp_path_factory.mktemp("wide") / "kiosk"
    stack = brought_up(folder, slowed, lambda stack: with_replicas(stack, 9))
    try:
        yield stack
    finally:
        stack.remove()


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackUnderTest]:
    """Three replicas whose addresses move, known to nginx by name."""
    stack = brought_up(tmp_path_factory.mktemp("named") / "kiosk", by_name)
    try:
        yield stack
    finally:
        stack.remove()


@contextmanager
def slow_requests(stack: StackUnderTest) -> Iterator[list[str]]:
    """Large bodies to the slow path, each sender on one kept connection, never trying twice."""
    stop, seen, url = threading.Event(), list[str](), stack.url() + SLOW_PATH

    def send() -> None:
        with httpx.Client(timeout=15, trust_env=False) as client:
            while not stop.is_set():
                try:
                    answer = client.post(url, content=LARGE)
                    whole = answer.status_code == 200 and answer.json() == {"bytes": len(LARGE)}
                    seen.append("ok" if whole else f"{answer.status_code} {answer.text[:80]}")
                except httpx.HTTPError as error:
                    seen.append(repr(error))

    threads = [threading.Thread(target=send, daemon=True) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_nine_replicas_three_at_a_time_with_slow_requests_and_large_bodies(
    wide: StackUnderTest,
) -> None:
    wide.put_release_2()
    wide.set_setting("max_unavailable: 1", "max_unavailable: 3")
    with slow_requests(wide) as slow, acknowledged(wide) as beats:
        time.sleep(1)
        done = wide.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert set(slow) == {"ok"} and len(slow) >= SENDERS
    assert (beats.failures, beats.turned_away) == ([], 0)
    beats.require_kept(wide)
    assert done.report["requests"]["failed"] == 0


def test_replicas_that_move_are_found_again(named: StackUnderTest) -> None:
    """Others take the addresses that a stop sets free, so each comes back on another one."""
    before = named.containers()
    named.put_release_2()
    with acknowledged(named) as beats:
        done = named.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert beats.failures == []
    require_whole(named)
    after = named.containers()
    assert all(
        after[n].addresses != {} and after[n].id != before[n].id for n in after if "app" in n
    )


def test_the_new_container_can_start_first(named: StackUnderTest) -> None:
    named.set_setting("app: stop-first", "app: start-first")
    named.set_variable("APP_VERSION", "start-first")
    with acknowledged(named) as beats:
        done = named.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert beats.failures == []
    require_whole(named)
    broken = named.snapshot()
    add_to_dockerfile(named, '\nCMD ["sh", "-c", "sleep 300"]\n')
    named.set_setting("healthy_within: 60", "healthy_within: 6")
    with acknowledged(named) as beats:
        failed = named.cli("deploy")
    assert failed.code == 1 and "no replica was touched" in failed.stderr
    assert named.snapshot() == broken
    assert beats.failures == []


@pytest.mark.torture
@pytest.mark.fault("container that ignores its stop signal")
def test_a_replica_that_ignores_its_stop_signal_ends_its_requests(released: StackUnderTest) -> None:
    """It would be killed with what it is at work on."""
    add_to_dockerfile(released, DEAF)
    assert released.cli("deploy").code == 0
    released.set_variable("APP_VERSION", "after-a-deaf-one")
    with acknowledged(released, per_second=50) as beats:
        done = released.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert "ignores its stop signal: its requests were waited for" in done.stderr
    assert (beats.failures, beats.turned_away) == ([], 0)
    beats.require_kept(released)
    [roll] = [s["facts"]["roll"] for s in done.report["steps"] if s["kind"] == "rollout"]
    apps = [name for name in roll["services"] if name.startswith("cosmic-app")]
    assert len(apps) == 3 and all(roll["services"][name]["taken out"] > 0 for name in apps)


def test_a_fixed_address_cannot_start_first(stack: StackUnderTest) -> None:
    stack.set_setting("app: stop-first", "app: start-first")
    stack.set_variable("APP_VERSION", "never")
    done = stack.cli("deploy")
    assert done.code == 2, done.stderr
    assert "cosmic-app-1" in done.stderr and "stop-first" in done.stderr
