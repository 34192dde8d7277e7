"""Counts and latencies of requests."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from cosmicdeploy.traffic.response import OK, RATE_LIMITED, Response


@dataclass(frozen=True, slots=True)
class Sample:
    """A response: when it arrived (Unix time), its latency in seconds, whether it was a 200."""

    at: float
    seconds: float
    good: bool


def percentile(latencies: Iterable[float], share: float) -> float:
    """Return the latency that `share` (0 to 1) of the requests did not exceed; 0 if empty."""
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass(kw_only=True)
class RequestStats:
    """Counts and latencies of requests.

    `held` requests were turned away during maintenance, `announced` requests failed in an announced
    gap, and `limited` requests were refused by the rate limit (429). None of these is a failure or
    has a sample. `failures` describes each other response that was not a 200. `not_found` counts
    heartbeats that were acknowledged but are not in the database. `longest_gap` is the longest time
    without a good response outside maintenance, in seconds.
    """

    sent: int = 0
    held: int = 0
    announced: int = 0
    limited: int = 0
    failures: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    not_found: int = 0
    longest_gap: float = 0.0
    # Since when there was no good response (monotonic clock); None during maintenance.
    _waiting_since: float | None = field(default_factory=time.monotonic, init=False)

    @property
    def latencies(self) -> list[float]:
        """The latencies in seconds, in the order in which the responses arrived."""
        return [sample.seconds for sample in self.samples]

    @property
    def broken(self) -> bool:
        """Whether a client could have noticed the run: a request failed or a heartbeat was lost."""
        return bool(self.failures or self.not_found)

    def count(
        self, response: Response, *, turning_away: bool = False, in_gap: bool = False
    ) -> None:
        """Count one response; any status but 200 and 429 is a failure.

        With `turning_away`, clients are turned away on purpose, so a 503 with Retry-After or a
        connection error is no failure. With `in_gap`, an announced gap explains any failure.
        """
        self.sent += 1
        if turning_away and (response.is_turned_away or response.error):
            self.held += 1
            self._waiting_since = None
            return
        if response.status == RATE_LIMITED:
            self.limited += 1  # a 429 does not show whether the application works
            return
        if in_gap and response.is_failure:
            self.announced += 1
            return
        good = response.status == OK
        self.samples.append(Sample(time.time(), response.seconds, good))
        if good:
            self.measure_gap()
        else:
            self.failures.append(str(response))

    def measure_gap(self) -> None:
        """Update `longest_gap`; called at each good response and after the last request."""
        now = time.monotonic()
        if self._waiting_since is not None:
            self.longest_gap = max(self.longest_gap, now - self._waiting_since)
        self._waiting_since = now

    def facts(self) -> dict[str, object]:
        """Return the figures for the report, with times in milliseconds."""
        latencies = self.latencies
        return {
            "sent": self.sent,
            "failed": len(self.failures),
            "held": self.held,
            "announced": self.announced,
            "limited": self.limited,
            "not_found": self.not_found,
            "p50_ms": milliseconds(percentile(latencies, 0.5)),
            "p99_ms": milliseconds(percentile(latencies, 0.99)),
            "max_ms": milliseconds(percentile(latencies, 1.0)),
            "longest_gap_ms": milliseconds(self.longest_gap),
        }


def milliseconds(seconds: float) -> float:
    """Convert seconds to milliseconds, rounded to a tenth."""
    return round(seconds * 1000, 1)
