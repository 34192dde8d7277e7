"""An announced gap is no broken promise, unless it is longer than announced; it is measured."""

from __future__ import annotations

import time
from io import StringIO

import pytest
from rich.console import Console

from cosmicdeploy.report.model import Report
from cosmicdeploy.report.summary import show
from cosmicdeploy.traffic.announced_gaps import Gaps
from cosmicdeploy.traffic.response import Response
from cosmicdeploy.traffic.traffic_stats import TrafficStats

pytestmark = pytest.mark.unit


def response(status: int) -> Response:
    return Response(url="http://x/", status=status, seconds=0.01)


def test_a_request_is_in_a_gap_if_it_was_under_way_in_it() -> None:
    gaps = Gaps()
    with gaps.open("app", 70) as gap:
        began = gap.began
        assert gaps.covering(began - 2, began - 1) is None
        assert gaps.covering(began - 1, began + 1) is gap, "it was cut off"
        assert gaps.covering(began + 5, began + 6) is gap, "the gap has not ended"
    assert gap.ended is not None
    assert gaps.covering(gap.ended - 0.001, gap.ended + 5) is gap
    assert gaps.covering(gap.ended + 0.001, gap.ended + 1) is None


def test_the_gap_of_an_application_explains_no_failure_of_another() -> None:
    gaps = Gaps()
    with gaps.open("web", 70, application="web") as gap:
        assert gaps.covering(gap.began, gap.began + 1, "web") is gap
        assert gaps.covering(gap.began, gap.began + 1, "api") is None
    with gaps.open("nginx", 70) as gap:
        assert gaps.covering(gap.began, gap.began + 1, "api") is gap


def test_a_failure_in_an_announced_gap_breaks_no_promise() -> None:
    stats = TrafficStats()
    stats.count(response(200), kept=True)
    with stats.gaps.open("app", 70) as gap:
        for status in (502, 429, 200):
            stats.count(response(status), kept=True, in_gap=True)
        gap.fail()
    assert (stats.announced, stats.limited, stats.kept.announced) == (1, 1, 1)
    assert not stats.broken and stats.failures == []
    stats.count(response(502))
    assert stats.failure_summary() == "1 of 5 requests failed"


def test_a_gap_that_is_longer_than_announced_breaks_the_promise() -> None:
    stats = TrafficStats()
    with stats.gaps.open("app", 3) as gap:
        gap.began = time.monotonic() - 4
    assert stats.failure_summary() == "app was away for 4.0 s, longer than the announced 3 s"


def test_a_gap_that_an_error_leaves_open_ends_with_the_undo_and_may_be_longer() -> None:
    gaps = Gaps()
    with pytest.raises(ValueError, match="unhealthy"), gaps.open("app", 5):
        raise ValueError("unhealthy")
    [gap] = gaps.all
    assert gap.ended is None
    with gaps.open("app", 5):
        pass
    assert gaps.all == [gap] and gap.ended is not None and gap.at_most == 10


def test_without_failures_a_gap_is_as_long_as_the_service_was_away() -> None:
    gaps = Gaps()
    with gaps.open("app", 70) as gap:
        gap.began -= 3
    assert round(gap.seconds) == 3 and not gaps.too_long()
    [facts] = gaps.facts(probed=False)
    assert facts == {
        "service": "app",
        "what": "was away",
        "seconds": 3.0,
        "at_most_seconds": 70,
        "failed": None,
    }


@pytest.mark.parametrize(
    ("seconds", "failed", "line"),
    [
        (1.26, 23, "app was away for 1.3 s, as announced (at most 70 s): 23 requests failed"),
        (75, 1, "app was away for 75.0 s, longer than announced (at most 70 s): 1 request failed"),
        (1, None, "app was away for 1.0 s, as announced (at most 70 s): no requests were sent"),
    ],
)
def test_the_report_shows_the_gap(seconds: float, failed: int | None, line: str) -> None:
    gap = {"service": "app", "seconds": seconds, "at_most_seconds": 70, "failed": failed}
    report = Report.model_validate(
        {"command": "deploy", "outcome": "changed", "started_at": "now", "seconds": 1}
        | {"gaps": [gap]}
    )
    out = StringIO()
    show(report, Console(file=out, width=200))
    assert line in out.getvalue()
