"""Requests over time, in a bounded number of intervals."""

from __future__ import annotations

from typing import Any

import pytest

from cosmicdeploy.traffic.request_stats import Sample
from cosmicdeploy.traffic.time_series import MAX_INTERVALS, interval_length, time_series
from cosmicdeploy.traffic.traffic_stats import TrafficStats

pytestmark = pytest.mark.unit
BEGAN = 1_000_000.0


def series(*samples: tuple[float, float, bool], seconds: float = 3.0) -> dict[str, Any]:
    """Return the series of requests on new connections: when, latency in seconds, whether good."""
    traffic = TrafficStats()
    traffic.new.samples += [Sample(BEGAN + at, latency, good) for at, latency, good in samples]
    return time_series(traffic, BEGAN, seconds)


def test_each_request_counts_in_the_interval_of_its_response() -> None:
    found = series((0.1, 0.004, True), (0.9, 0.006, True), (2.5, 0.5, False))
    assert found["seconds"] == 1
    assert found["new"] == {
        "sent": [2, 0, 1, 0],
        "failed": [0, 0, 1, 0],
        "p50_ms": [6.0, None, 500.0, None],
        "p99_ms": [6.0, None, 500.0, None],
    }
    assert found["kept"]["sent"] == [0, 0, 0, 0]


def test_responses_before_and_after_the_run_are_counted_at_its_ends() -> None:
    # The clock may be set during a run.
    found = series((-50.0, 0.004, True), (99.0, 0.004, True))
    assert found["new"]["sent"] == [1, 0, 0, 1]


@pytest.mark.parametrize("seconds", [0.0, 1.0, 119.0, 121.0, 3600.0, 86_400.0, 10.0**7])
def test_a_series_is_bounded_and_covers_the_run(seconds: float) -> None:
    found = series((seconds, 0.1, True), seconds=seconds)
    count = len(found["new"]["sent"])
    assert 1 <= count <= MAX_INTERVALS
    assert count * interval_length(seconds) >= seconds
    assert sum(found["new"]["sent"]) == 1
