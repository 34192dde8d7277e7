"""The promise of a run covers what the proxy answered to all clients, against the time before."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.run_scope import RunScope
from cosmicdeploy.probes.proof.access_log import TIME
from cosmicdeploy.probes.proof.client_failures import judge_client_failures
from cosmicdeploy.settings import Probe, Soak
from cosmicdeploy.traffic.announced_gaps import Gap
from cosmicdeploy.traffic.response import Response
from cosmicdeploy.traffic.traffic_stats import TrafficStats

pytestmark = pytest.mark.unit

CHANGED = float(int(time.time())) - 30
BEFORE, DURING = CHANGED - 10, CHANGED + 10


def lines(at: float, *statuses: int) -> list[str]:
    moment = datetime.fromtimestamp(at, UTC).strftime(TIME)
    return [f'172.18.0.1 - - [{moment}] "GET / HTTP/1.1" {status} 15' for status in statuses]


def judged(
    before: Sequence[int], after: Sequence[int], *gaps: Gap, traffic: TrafficStats | None = None
) -> str:
    """Return why the promise is broken if the proxy has logged these statuses."""
    traffic = traffic or TrafficStats(changed_at=CHANGED)
    traffic.began_at = CHANGED - 20
    logged = [*lines(BEFORE, *before), *lines(DURING, *after)]
    run = RunScope(traffic=traffic)
    run.gaps.all.extend(gaps)
    ctx: Any = SimpleNamespace(
        settings=SimpleNamespace(
            services=SimpleNamespace(proxy="proxy"), watch=Soak(), probe=Probe()
        ),
        container=lambda _name: SimpleNamespace(id="1"),
        engine=SimpleNamespace(log_lines=lambda _id, _since: iter(logged)),
        run=run,
    )
    judge_client_failures(ctx, traffic)
    return traffic.failure_summary()


GOOD = [200] * 500


def test_a_single_502_breaks_the_promise_if_there_was_none_before() -> None:
    assert judged(GOOD, GOOD) == ""
    assert judged(GOOD, [*GOOD, 502]) == (
        "the proxy answered 502 or 504 to 1 of 501 requests of clients"
        " (before the first change 0 of 500)"
    )


def test_gateway_errors_that_were_as_frequent_before_break_no_promise() -> None:
    assert judged([*GOOD, *[504] * 50], [*GOOD, *[504] * 50]) == ""
    assert "502 or 504 to 100 of" in judged([*GOOD, *[504] * 50], [*GOOD, *[502] * 100])


def test_a_page_that_always_fails_breaks_no_promise_until_it_does_so_more_often() -> None:
    assert judged(GOOD, [*GOOD, 500]) == "", "max_error_rate is 1 %"
    assert judged([*GOOD, *[500] * 50], [*GOOD, *[500] * 50]) == ""
    assert "5xx to 50 of 550" in judged(GOOD, [*GOOD, *[500] * 50])


def test_failures_in_an_announced_gap_break_no_promise() -> None:
    gap = Gap(service="web", at_most=60)
    gap.began, gap.ended = (time.monotonic() + at - time.time() for at in (DURING - 2, DURING + 2))
    assert judged(GOOD, [*GOOD, *[502] * 9], gap) == ""
    gap.ended = gap.began + 0.1
    assert "to 9 of" in judged(GOOD, [*GOOD, *[502] * 9], gap)


def test_nothing_is_compared_if_no_container_was_changed_or_the_log_lacks_a_time() -> None:
    assert judged(GOOD, [502], traffic=TrafficStats()) == ""
    assert judged([], [502]) == ""


def test_failures_while_others_are_excused_break_no_promise() -> None:
    """A fix goes live over a release that fails: only what follows counts."""
    traffic = TrafficStats(changed_at=CHANGED)
    traffic.count(Response(url="x", status=502, seconds=0.1), kept=False)
    traffic.excuse_failures("1 of 1 of them")
    assert judged(GOOD, [*GOOD, 502], traffic=traffic) == ""
    traffic.stop_excusing()
    assert judged(GOOD, [*GOOD, 502], traffic=traffic) == "", "it was answered before"
    traffic.excused_until = DURING - 5
    assert "1 of 501" in judged(GOOD, [*GOOD, 502], traffic=traffic)


def test_the_change_is_noted_once() -> None:
    traffic = TrafficStats()
    traffic.note_change()
    first = traffic.changed_at
    time.sleep(0.01)
    traffic.note_change()
    assert traffic.changed_at == first is not None
