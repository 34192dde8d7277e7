"""A real rate limit of Laravel, below what a run itself sends: a 429 never counts as proof."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cosmicdeploy.probes.http import send_request
from tests.stack.stacks.php.strangers_laravel import StrangersLaravel
from tests.stack.support.harness import BEAT, BODY
from tests.stack.support.processes.threads import in_threads

# A run waits for the limit for up to 75 s at a time, and for nginx's default fail_timeout.
pytestmark = [pytest.mark.stack, pytest.mark.torture, pytest.mark.timeout(1800)]


@pytest.fixture
def limited(laravel: StrangersLaravel) -> StrangersLaravel:
    """Release 2, whose route of heartbeats has a limit."""
    laravel.put_release_2()
    done = laravel.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    return laravel


@contextmanager
def another_client(stack: StrangersLaravel) -> Iterator[None]:
    """Use up the limit of the deployer's device, as a kiosk with the same token does."""
    url, token = stack.url() + BEAT, stack.token()

    def send(stop: threading.Event) -> None:
        while not stop.wait(0.1):
            send_request(url, token=token, json=BODY)

    with in_threads(send):
        time.sleep(15)  # 120 a minute are allowed, so the limit is used up by now
        yield


@pytest.mark.fault("rate limit below a run's own requests")
def test_a_release_that_only_answers_429_does_not_go_live(limited: StrangersLaravel) -> None:
    limited.set_variable("HEARTBEAT_RATE_LIMIT", "1")
    before = limited.snapshot()
    with another_client(limited):
        failed = limited.cli("deploy", "--json")
    assert failed.code == 5, failed.stdout
    error = failed.report["error"]
    # A trial's heartbeat may be the first one of its minute, which is served; a later one is not.
    undone = "no replica was touched" in error["what"] or "undone" in error["details"][-1]
    assert undone and "429" in error["details"][0], error
    assert "a device of its own" in error["todo"]
    after = limited.snapshot()
    assert after["containers"] == before["containers"]
    assert limited.cli("status", "--json").report["unfinished"] == []


@pytest.mark.fault("rate limit below a run's own requests")
def test_a_run_waits_for_the_limit_and_is_proven_then(limited: StrangersLaravel) -> None:
    """Four heartbeats a minute: a run alone sends twelve, and nine for its checks."""
    limited.set_variable("HEARTBEAT_RATE_LIMIT", "4")
    done = limited.cli("deploy", "--json")
    assert done.code == 0, done.stdout
    requests = done.report["requests"]
    assert (requests["failures"], requests["not_found"]) == ([], 0), requests
    assert requests["limited"] > 0 and "answers 429: next request in" in done.stderr
    assert limited.variable("web-1", "HEARTBEAT_RATE_LIMIT") == "4"
