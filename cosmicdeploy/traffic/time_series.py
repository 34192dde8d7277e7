"""Requests over time: counts and latencies in a bounded number of equal intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cosmicdeploy.traffic.request_stats import Sample, milliseconds, percentile
from cosmicdeploy.traffic.traffic_stats import TrafficStats

# A series has at most this many intervals, so that the summary of a long run does not grow.
MAX_INTERVALS = 120
# The possible lengths of an interval in seconds. The shortest is used that keeps a series short
# enough.
LENGTHS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)


def time_series(traffic: TrafficStats, began_at: float, seconds: float) -> dict[str, object]:
    """Return the run's requests over time, for each kind of connection.

    `began_at` is when the run began (Unix time), and `seconds` how long it took. A request counts
    in the interval in which its response arrived.
    """
    length = interval_length(seconds)
    count = min(MAX_INTERVALS, int(seconds / length) + 1)
    return {
        "seconds": length,
        "new": _series(traffic.new.samples, began_at, length, count),
        "kept": _series(traffic.kept.samples, began_at, length, count),
    }


def interval_length(seconds: float) -> float:
    """Return the length of the intervals for a run of this many seconds.

    A run that is too long for the last of `LENGTHS` gets longer intervals.
    """
    fitting = (length for length in LENGTHS if seconds / length < MAX_INTERVALS)
    return next(fitting, seconds / (MAX_INTERVALS - 1))


def _series(
    samples: Iterable[Sample], began_at: float, length: float, count: int
) -> dict[str, Sequence[object]]:
    intervals: list[list[Sample]] = [[] for _ in range(count)]
    for sample in list(samples):  # a copy, since other threads may still add samples
        number = int(max(0.0, sample.at - began_at) / length)
        intervals[min(number, count - 1)].append(sample)
    return {
        "sent": [len(each) for each in intervals],
        "failed": [sum(not sample.good for sample in each) for each in intervals],
        "p50_ms": [_latency(each, 0.5) for each in intervals],
        "p99_ms": [_latency(each, 0.99) for each in intervals],
    }


def _latency(samples: Sequence[Sample], share: float) -> float | None:
    if not samples:
        return None
    return milliseconds(percentile((sample.seconds for sample in samples), share))
