"""Statistics of the probes that are sent while a run changes something."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cosmicdeploy.polling import poll
from cosmicdeploy.traffic.response import LIMITED, OK, Response

FAILURES_SHOWN = 5
# Longer than any request may take, in seconds.
SETTLED_WITHIN = 7.0
BEATS = ("sent", "acknowledged", "found", "limited")


@dataclass(frozen=True, slots=True)
class Sample:
    """A response: when it came (`at`, Unix time), how long it took, whether it was a 200."""

    at: float
    seconds: float
    good: bool


def percentile(latencies: Iterable[float], share: float) -> float:
    """Return the latency that this share (0 to 1) of the requests did not exceed; 0 without any."""
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass(kw_only=True)
class RequestStats:
    """Counts and latencies of requests.

    `held` were turned away during maintenance, and `limited` were answered 429 because the probe
    asks too often: neither counts as a failure or has a latency. `not_found` counts heartbeats that
    were acknowledged but are not in the database. `longest_gap` is the longest time between two
    good responses, in seconds.
    """

    sent: int = 0
    held: int = 0
    limited: int = 0
    failures: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    not_found: int = 0
    longest_gap: float = 0.0
    _waiting_since: float | None = field(default_factory=time.monotonic, init=False)

    @property
    def latencies(self) -> list[float]:
        """In seconds, in the order of the responses."""
        return [sample.seconds for sample in self.samples]

    @property
    def broken(self) -> bool:
        """Whether a client could have noticed the change."""
        return bool(self.failures or self.not_found)

    def count(self, response: Response, *, turning_away: bool = False) -> None:
        """Count one response. Anything but a 200 is a failure.

        With `turning_away`, clients are turned away on purpose now.
        """
        self.sent += 1
        if turning_away and (response.turned_away or response.error):
            self.held += 1
            self._waiting_since = None
            return
        if response.status == LIMITED:
            self.limited += 1  # this does not show whether the application works
            return
        good = response.status == OK
        self.samples.append(Sample(time.time(), response.seconds, good))
        if good:
            self.measure_gap()
        else:
            self.failures.append(str(response))

    def measure_gap(self) -> None:
        """Note the time since the last good response, at a good response or at the end."""
        now = time.monotonic()
        if self._waiting_since is not None:
            self.longest_gap = max(self.longest_gap, now - self._waiting_since)
        self._waiting_since = now

    def facts(self) -> dict[str, object]:
        """Return the figures for the report, times in milliseconds."""
        latencies = self.latencies
        return {
            "sent": self.sent,
            "failed": len(self.failures),
            "held": self.held,
            "limited": self.limited,
            "not_found": self.not_found,
            "p50_ms": _milliseconds(percentile(latencies, 0.5)),
            "p99_ms": _milliseconds(percentile(latencies, 0.99)),
            "max_ms": _milliseconds(percentile(latencies, 1.0)),
            "longest_gap_ms": _milliseconds(self.longest_gap),
        }


@dataclass(kw_only=True)
class TrafficStats(RequestStats):
    """Statistics of all requests; `new` and `kept` are those on new and on reused connections.

    `beats` counts heartbeats: `sent`, `acknowledged`, `found`, `limited`; `not_looked_up` says why
    some were not looked up in the database. `proxy` is the proxy's own count. `failing_before` says
    why requests failed before the run changed anything; then failures are excused until the rollout
    has ended.
    """

    new: RequestStats = field(default_factory=RequestStats)
    kept: RequestStats = field(default_factory=RequestStats)
    beats: Counter[str] = field(default_factory=Counter)
    not_looked_up: str = ""
    proxy: Mapping[str, int] | None = None
    failing_before: str = ""
    _excused: Counter[str] | None = field(default_factory=Counter, init=False)
    _under_way: dict[int, float] = field(default_factory=dict, init=False)

    def begin(self, number: int) -> None:
        """Note that a request is due now."""
        self._under_way[number] = time.monotonic()

    def end(self, number: int) -> None:
        """Note that it has been counted."""
        self._under_way.pop(number, None)

    def overdue(self, seconds: float) -> int:
        """Return how many requests have been due for `seconds` without being counted."""
        latest = time.monotonic() - seconds
        return sum(due < latest for due in self._under_way.values())

    def settle(self) -> None:
        """Wait until every request that is due now has been counted."""
        due = set(self._under_way)
        poll(
            lambda: due & self._under_way.keys(),
            until=lambda left: not left,
            every=0.02,
            within=SETTLED_WITHIN,
        )

    def count(
        self, response: Response, *, turning_away: bool = False, kept: bool | None = None
    ) -> None:
        super().count(response, turning_away=turning_away)
        if kept is not None:
            self.of(kept=kept).count(response, turning_away=turning_away)

    def miss(self, *, kept: bool) -> None:
        """Count a heartbeat that was acknowledged but is not in the database."""
        self.not_found += 1
        self.of(kept=kept).not_found += 1

    def of(self, *, kept: bool) -> RequestStats:
        """Return the statistics of reused or of new connections."""
        return self.kept if kept else self.new

    @property
    def answered(self) -> int:
        """How many requests were answered 200 or 429."""
        return sum(sample.good for sample in self.samples) + self.limited

    def finish(self) -> None:
        """Count the time since the last good response as well; no more requests follow."""
        for stats in (self, self.new, self.kept):
            stats.measure_gap()

    def excuse_failures(self, why: str) -> None:
        """Excuse failures until `stop_excusing`: requests fail already, before any change."""
        self.failing_before, self._excused = why, None

    def stop_excusing(self) -> None:
        """Count failures from now on; those so far stay excused."""
        if self._excused is None:
            self.settle()
            self._excused = Counter(
                sent=self.sent,
                failed=len(self.failures),
                missed=self.not_found,
                acknowledged=self.beats["acknowledged"],
            )

    @property
    def broken(self) -> bool:
        return bool(self.failure_summary())

    def failure_summary(self) -> str:
        """Describe the failures that count; "" if there are none."""
        if self._excused is None:
            return ""
        lost, excused = [], self._excused
        if failed := len(self.failures) - excused["failed"]:
            lost.append(f"{failed} of {self.sent - excused['sent']} requests failed")
        if missed := self.not_found - excused["missed"]:
            acknowledged = self.beats["acknowledged"] - excused["acknowledged"]
            lost.append(f"{missed} of {acknowledged} acknowledged beats were not stored")
        return ", ".join(lost)

    def between(self, start: float, end: float) -> list[Sample]:
        """Return the responses that came in a span of Unix time."""
        return [sample for sample in self.samples if start <= sample.at < end]

    def facts(self) -> dict[str, object]:
        return {
            **super().facts(),
            "failures": self.failures[:FAILURES_SHOWN],
            "broken": self.failure_summary(),
            "failing_before": self.failing_before,
            "new": self.new.facts(),
            "kept": self.kept.facts(),
            "beats": self._beats(),
            "proxy": self.proxy,
        }

    def _beats(self) -> dict[str, object] | None:
        if not self.beats:
            return None
        counted = {name: self.beats[name] for name in BEATS}
        return {**counted, "not_looked_up": self.not_looked_up}


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
