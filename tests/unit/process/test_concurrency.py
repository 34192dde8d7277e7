"""Concurrent queries: their results, their errors, and a signal while a query hangs."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.operations.checklist.evidence import external
from cosmicdeploy.operations.checklist.verdict import Span
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.process.concurrency import map_concurrently, map_in_background
from cosmicdeploy.process.signals import deferred_interrupts
from cosmicdeploy.verification import points

pytestmark = pytest.mark.unit

# A process that receives SIGTERM while its queries hang.
HANGING = """
import signal, threading
from cosmicdeploy.process.signals import deferred_interrupts
from cosmicdeploy.process.concurrency import map_concurrently
with deferred_interrupts(lambda: None):
    signal.raise_signal(signal.SIGTERM)
    try:
        map_concurrently(lambda _: threading.Event().wait(), [1, 2])
    except KeyboardInterrupt:
        print("stopped")
"""


def test_results_are_in_the_order_of_the_items() -> None:
    both = threading.Barrier(2)

    def query(number: int) -> int:
        both.wait(60)  # both queries have to run at the same time
        return number * 10

    assert map_concurrently(query, [1, 2]) == [10, 20]
    assert map_concurrently(query, []) == []


def test_background_queries_run_one_after_the_other() -> None:
    running, was_alone = threading.Lock(), list[bool]()

    def query(number: int) -> int:
        was_alone.append(running.acquire(blocking=False))
        running.release()
        return number

    assert map_in_background(query, range(50))() == list(range(50))
    assert all(was_alone)


def test_an_error_is_raised_without_waiting_for_the_others() -> None:
    def query(number: int) -> None:
        if number:
            raise CosmicError("broken")
        threading.Event().wait()

    with pytest.raises(CosmicError, match="broken"):
        map_concurrently(query, [0, 1])


@pytest.mark.parametrize("point", ["scheduler", "containers"])
def test_a_signal_ends_a_point_that_hangs(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """Both kinds of points: run in the background, and run in turn."""

    def hang(_ctx: Context) -> CheckResult:
        map_concurrently(lambda _: threading.Event().wait(), [1, 2])
        raise AssertionError

    monkeypatch.setattr(points, "CHECKS", {point: hang})
    with deferred_interrupts(lambda: None) as interrupts, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
        points.run_checks(replace(ctx, interrupts=interrupts), [point])


def test_a_signal_ends_a_query_to_an_external_service_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cosmicdeploy.probes.http.send_request", lambda _: threading.Event().wait())
    services = [SimpleNamespace(name="a", url="u")]
    ctx: Any = SimpleNamespace(
        settings=SimpleNamespace(checklist=SimpleNamespace(external=services))
    )
    with deferred_interrupts(lambda: None), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
        external.figures(ctx, Span(since=0), None)


def test_a_hanging_query_does_not_keep_the_process_alive() -> None:
    words = [sys.executable, "-c", HANGING]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "stopped\n"), done.stderr
