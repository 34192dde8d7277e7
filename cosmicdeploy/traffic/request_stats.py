"""What was asked of the stack while something changed in it, and what came of it."""

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
    """One answer: when it came (Unix time), how long it took (seconds), whether it was a 200."""

    at: float
    seconds: float
    good: bool


def percentile(latencies: Iterable[float], share: float) -> float:
    """The latency that this share of the requests stayed within; 0 without requests."""
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass(kw_only=True)
class RequestStats:
    """Requests and their answers; `longest_gap` in seconds between two good answers.

    `held` were turned away while that was meant to be, `limited` answered 429 because we ask too
    often; both are neither failures nor measured.
    `not_found` are beats that were acknowledged and that the database did not have then.
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
        """In seconds, in the order of the answers."""
        return [sample.seconds for sample in self.samples]

    @property
    def broken(self) -> bool:
        """Whether a client could have noticed anything."""
        return bool(self.failures or self.not_found)

    def count(self, answer: Response, *, turning_away: bool = False) -> None:
        """Take one answer in; anything but 200 is a failure."""
        self.sent += 1
        if turning_away and (answer.turned_away or answer.error):
            self.held += 1
            self._waiting_since = None
            return
        if answer.status == LIMITED:
            self.limited += 1  # whether the application works is not seen
            return
        good = answer.status == OK
        self.samples.append(Sample(time.time(), answer.seconds, good))
        if good:
            self.measure_gap()
        else:
            self.failures.append(str(answer))

    def measure_gap(self) -> None:
        """A good answer, or the end, came: how long was the wait for it?"""
        now = time.monotonic()
        if self._waiting_since is not None:
            self.longest_gap = max(self.longest_gap, now - self._waiting_since)
        self._waiting_since = now

    def facts(self) -> dict[str, object]:
        """For the report; milliseconds."""
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
    """All requests, and apart those on new connections and those on kept ones.

    `beats` counts heartbeats: `sent`, `acknowledged`, `found`, `limited`; `not_looked_up` says why
    some were not looked for in the database. `proxy` is the load balancer's own count.
    `failing_before`: requests failed before the run changed anything, and why; what fails until the
    rollout has ended then breaks no promise.
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
        """A request is due now."""
        self._under_way[number] = time.monotonic()

    def end(self, number: int) -> None:
        """It was counted."""
        self._under_way.pop(number, None)

    def overdue(self, seconds: float) -> int:
        """How many requests are due for so long and were not counted yet."""
        latest = time.monotonic() - seconds
        return sum(due < latest for due in self._under_way.values())

    def settle(self) -> None:
        """Wait until all that is due by now is counted."""
        begun = set(self._under_way)
        poll(
            lambda: begun & self._under_way.keys(),
            until=lambda left: not left,
            every=0.02,
            within=SETTLED_WITHIN,
        )

    def count(
        self, answer: Response, *, turning_away: bool = False, kept: bool | None = None
    ) -> None:
        super().count(answer, turning_away=turning_away)
        if kept is not None:
            self.of(kept=kept).count(answer, turning_away=turning_away)

    def miss(self, *, kept: bool) -> None:
        """A beat was acknowledged, and is not in the database."""
        self.not_found += 1
        self.of(kept=kept).not_found += 1

    def of(self, *, kept: bool) -> RequestStats:
        """The tally of one sort of connections."""
        return self.kept if kept else self.new

    @property
    def answered(self) -> int:
        """Requests that somebody answered."""
        return sum(sample.good for sample in self.samples) + self.limited

    def finish(self) -> None:
        """Nothing more is sent: the wait since the last good answer counts as well."""
        for tally in (self, self.new, self.kept):
            tally.measure_gap()

    def excuse_failures(self, why: str) -> None:
        """Requests fail already: until `stop_excusing` none that fails breaks a promise."""
        self.failing_before, self._excused = why, None

    def stop_excusing(self) -> None:
        """What failed so far is excused, where judgement was held."""
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
        return bool(self.told())

    def told(self) -> str:
        """How the promise was broken, for people; "" where it was kept."""
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
        """The answers that came in a time (Unix time)."""
        return [sample for sample in self.samples if start <= sample.at < end]

    def facts(self) -> dict[str, object]:
        return {
            **super().facts(),
            "failures": self.failures[:FAILURES_SHOWN],
            "broken": self.told(),
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
