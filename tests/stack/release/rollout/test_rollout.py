"""The rollout on other variants of the stack, under slow requests: no request fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.stack.release.failures.test_faults import add_to_dockerfile
from tests.stack.support.harness import StackUnderTest
from tests.stack.support.processes.threads import in_threads
from tests.stack.support.promises import acknowledged, require_whole
from tests.stack.support.variants import SLOW_PATH, by_name, running_variant, slowed, with_replicas

pytestmark = pytest.mark.stack

LARGE = b"x" * 500_000
SENDERS = 5
# Process 1 is the shell, which does not forward signals.
IGNORES_STOP = '\nCMD ["sh", "-c", "python3 -m cosmic_app.serve; exit 1"]\n'


@pytest.fixture(params=[6, pytest.param(9, marks=pytest.mark.torture)])
def wide(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StackUnderTest]:
    """Run six or nine replicas at fixed addresses, with a slow path."""
    folder = tmp_path_factory.mktemp("wide") / "kiosk"
    with running_variant(folder, slowed, lambda s: with_replicas(s, request.param)) as stack:
        yield stack


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackUnderTest]:
    """Run three replicas without fixed addresses, which nginx knows by name."""
    with running_variant(tmp_path_factory.mktemp("named") / "kiosk", by_name) as stack:
        yield stack


@contextmanager
def slow_requests(stack: StackUnderTest) -> Iterator[list[str]]:
    """Send large bodies to the slow path, each sender over one kept connection, without retries."""
    results, url = list[str](), stack.url() + SLOW_PATH

    def send(stop: threading.Event) -> None:
        with httpx.Client(timeout=15, trust_env=False) as client:
            while not stop.is_set():
                try:
                    answer = client.post(url, content=LARGE)
                    is_complete = answer.status_code == 200 and answer.json() == {
                        "bytes": len(LARGE)
                    }
                    results.append(
                        "ok" if is_complete else f"{answer.status_code} {answer.text[:80]}"
                    )
                except httpx.HTTPError as error:
                    results.append(repr(error))

    with in_threads(*[send] * SENDERS):
        yield results


@pytest.mark.torture
def test_many_replicas_three_at_a_time_under_slow_requests_with_large_bodies(
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


@pytest.mark.torture
def test_nginx_finds_replicas_whose_addresses_change(named: StackUnderTest) -> None:
    """Each replica gets another address, since a stop frees its old one for the others."""
    before = named.containers()
    named.put_release_2()
    assert "reloaded up to 3 times" in named.cli("deploy", "--plan", "--json").reason("rollout")
    with acknowledged(named) as beats:
        done = named.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert beats.failures == []
    require_whole(named)
    after = named.containers()
    assert all(
        after[n].addresses != {} and after[n].id != before[n].id for n in after if "app" in n
    )


@pytest.mark.torture
def test_the_new_container_can_start_first(named: StackUnderTest) -> None:
    named.set_setting("app: stop-first", "app: start-first")
    named.put_release_2()
    named.set_variable("APP_VERSION", "start-first")
    planned = named.cli("deploy", "--plan", "--json").reason("rollout")
    assert "may be reloaded up to 6 times" in planned and "idle connections" in planned
    with acknowledged(named) as beats:
        done = named.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert beats.failures == []
    require_whole(named)
    before = named.snapshot()
    add_to_dockerfile(named, '\nCMD ["sh", "-c", "sleep 300"]\n')
    named.set_setting("healthy_within: 60", "healthy_within: 6")
    with acknowledged(named) as beats:
        failed = named.cli("deploy")
    assert failed.code == 1 and "no replica was touched" in failed.stderr
    assert named.snapshot() == before
    assert beats.failures == []


@pytest.mark.torture
@pytest.mark.fault("container that ignores its stop signal")
def test_a_replica_that_ignores_its_stop_signal_finishes_its_requests(
    released: StackUnderTest,
) -> None:
    """Without the drain it would be killed with its requests."""
    add_to_dockerfile(released, IGNORES_STOP)
    assert released.cli("deploy").code == 0
    released.set_variable("APP_VERSION", "after-ignored-stop")
    with acknowledged(released, per_second=50) as beats:
        done = released.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert "ignores its stop signal: its requests were waited for" in done.stderr
    assert (beats.failures, beats.turned_away) == ([], 0)
    beats.require_kept(released)
    [timings] = [s["facts"]["timings"] for s in done.report["steps"] if s["kind"] == "rollout"]
    apps = [name for name in timings["services"] if name.startswith("cosmic-app")]
    assert len(apps) == 3 and all(timings["services"][name]["drain"] > 0 for name in apps)


@pytest.mark.torture
def test_a_replica_with_a_fixed_address_cannot_start_first(stack: StackUnderTest) -> None:
    stack.set_setting("app: stop-first", "app: start-first")
    stack.set_variable("APP_VERSION", "never")
    done = stack.cli("deploy")
    assert done.code == 2, done.stderr
    assert "cosmic-app-1" in done.stderr and "stop-first" in done.stderr
