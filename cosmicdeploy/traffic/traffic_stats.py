"""Statistics of all requests that the deployer sends during a run."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from cosmicdeploy.process.polling import poll
from cosmicdeploy.process.signals import interruptible
from cosmicdeploy.traffic.announced_gaps import Gaps
from cosmicdeploy.traffic.request_stats import RequestStats, Sample, milliseconds
from cosmicdeploy.traffic.response import Response

FAILURES_SHOWN = 5
# The longest wait of `settle` in seconds; no request may take as long.
SETTLED_WITHIN_SECONDS = 7.0
HEARTBEAT_COUNTS = ("sent", "acknowledged", "found", "limited")


@dataclass(kw_only=True)
class TrafficStats(RequestStats):
    """Statistics of all requests of a run.

    `new` and `kept`: the statistics of requests on new and on kept (reused) connections.
    `applications`: those of each application, by name; empty if there is only one. `beats`: counts
    of heartbeats, by the names in `HEARTBEAT_COUNTS`, and by `held_back` those that were due, but
    not sent because of an earlier Retry-After. `not_looked_up`: why some heartbeats were not looked
    up in the database. `proxy`: the proxy's own counts from its access log; None if unknown.
    `began_at`, `changed_at`: when the first request was due, and when the run began to change
    containers or the schema (Unix times); None if it has not. `client_failures`: which responses to
    clients got worse after `changed_at`, by the access log; "" for none. `excused_until`: when
    `stop_excusing` was called (Unix time); 0 if no failure was excused. `gaps`: the announced gaps
    of the run. `failing_before`: how many requests had failed before the run changed anything, as
    text. If it is not "", failures are excused until the rollout has ended. After that, the
    failures of an application that failed before and that the rollout did not replace are still
    excused.
    """

    new: RequestStats = field(default_factory=RequestStats)
    kept: RequestStats = field(default_factory=RequestStats)
    applications: dict[str, RequestStats] = field(default_factory=dict)
    beats: Counter[str] = field(default_factory=Counter)
    not_looked_up: str = ""
    proxy: Mapping[str, int] | None = None
    began_at: float = field(default_factory=time.time)
    changed_at: float | None = None
    client_failures: str = ""
    gaps: Gaps = field(default_factory=Gaps)
    failing_before: str = ""
    # The counts when `stop_excusing` was called; zero before, but None while failures are excused.
    _excused: Counter[str] | None = field(default_factory=Counter, init=False)
    excused_until: float = field(default=0.0, init=False)
    # The applications that failed before the run changed anything.
    _failed_before: set[str] = field(default_factory=set, init=False)
    # Application → how many of its requests were sent, and failed, when `stop_excusing` was called.
    _untouched: dict[str, tuple[int, int]] = field(default_factory=dict, init=False)
    # Request number → when the request was due (monotonic clock).
    _under_way: dict[int, float] = field(default_factory=dict, init=False)

    def begin(self, number: int) -> None:
        """Note that request `number` is due now."""
        self._under_way[number] = time.monotonic()

    def end(self, number: int) -> None:
        """Note that request `number` has been counted."""
        self._under_way.pop(number, None)

    def overdue(self, seconds: float) -> int:
        """Return how many requests were due more than `seconds` ago but are not counted yet."""
        latest = time.monotonic() - seconds
        return sum(due < latest for due in self._under_way.values())

    def settle(self) -> None:
        """Wait up to `SETTLED_WITHIN_SECONDS` until all requests that are due now are counted."""
        due = set(self._under_way)
        with interruptible():
            poll(
                lambda: due & self._under_way.keys(),
                until=lambda left: not left,
                every=0.02,
                within=SETTLED_WITHIN_SECONDS,
            )

    def count(
        self,
        response: Response,
        *,
        turning_away: bool = False,
        in_gap: bool = False,
        kept: bool | None = None,
        application: str = "",
    ) -> None:
        """Count one response, also for its kind of connection and its application.

        `kept` says whether the connection was a kept (reused) one; None if the request was never
        sent.
        """
        super().count(response, turning_away=turning_away, in_gap=in_gap)
        if kept is not None:
            self.of(kept=kept).count(response, turning_away=turning_away, in_gap=in_gap)
        if own := self.applications.get(application):
            own.count(response, turning_away=turning_away, in_gap=in_gap)

    def miss(self, *, kept: bool) -> None:
        """Count a heartbeat that was acknowledged but is not in the database."""
        self.not_found += 1
        self.of(kept=kept).not_found += 1

    def of(self, *, kept: bool) -> RequestStats:
        """Return the statistics of requests on kept connections, or on new ones."""
        return self.kept if kept else self.new

    @property
    def answered(self) -> int:
        """How many requests were answered with 200 or 429."""
        return sum(sample.good for sample in self.samples) + self.limited

    def finish(self) -> None:
        """Count the time since the last good response as a gap; no more requests follow."""
        for stats in (self, self.new, self.kept, *self.applications.values()):
            stats.measure_gap()

    def excuse_failures(self, why: str, failing: Iterable[str] = ()) -> None:
        """Excuse failures until `stop_excusing`, since requests already fail before any change.

        `why` describes these requests in the report. `failing` are applications that are known to
        fail although no request to them has failed yet.
        """
        self.failing_before, self._excused = why, None
        failed = [name for name, stats in self.applications.items() if stats.failures]
        self._failed_before = {*failed, *failing} & self.applications.keys()

    def stop_excusing(self, touched: Collection[str] = ()) -> None:
        """Count failures from now on; failures until now stay excused.

        `touched` are the applications that the rollout replaced. Later failures of an application
        are excused as well if the application failed before the run changed anything and is not
        `touched`. First waits until the requests that are due now are counted. Does nothing unless
        failures are being excused.
        """
        if self._excused is None:
            self.settle()
            self.excused_until = time.time()
            self._excused = Counter(
                sent=self.sent,
                failed=len(self.failures),
                missed=self.not_found,
                acknowledged=self.beats["acknowledged"],
            )
            for name in self._failed_before - set(touched):
                own = self.applications[name]
                self._untouched[name] = own.sent, len(own.failures)

    def note_change(self) -> None:
        """Note that the run begins to change containers or the schema; the first call counts."""
        if self.changed_at is None:
            self.changed_at = time.time()

    @property
    def counts_clients(self) -> bool:
        """Whether failed responses in the proxy's access log may count as failures of the run.

        They do not while failures are excused, even those of only one application: the access log
        does not say to which application a request was sent.
        """
        return self._excused is not None and not self._untouched

    @property
    def broken(self) -> bool:
        return bool(self.failure_summary())

    def failure_summary(self) -> str:
        """Describe the failures that are not excused and the gaps that are too long; "" if none.

        Always "" while failures are excused.
        """
        if self._excused is None:
            return ""
        lost, excused = self.gaps.too_long(), self._excused
        # For each excused application, how many of its requests were sent, and how many failed,
        # since `stop_excusing`.
        untouched = [
            (self.applications[name].sent - sent, len(self.applications[name].failures) - failed)
            for name, (sent, failed) in self._untouched.items()
        ]
        sent = self.sent - excused["sent"] - sum(own for own, _ in untouched)
        if failed := len(self.failures) - excused["failed"] - sum(own for _, own in untouched):
            lost.append(f"{failed} of {sent} requests failed")
        if missed := self.not_found - excused["missed"]:
            acknowledged = self.beats["acknowledged"] - excused["acknowledged"]
            lost.append(f"{missed} of {acknowledged} acknowledged heartbeats were not stored")
        if self.client_failures:
            lost.append(self.client_failures)
        return ", ".join(lost)

    def between(self, start: float, end: float) -> list[Sample]:
        """Return the responses that arrived from `start` until before `end` (Unix times)."""
        return [sample for sample in self.samples if start <= sample.at < end]

    def facts(self) -> dict[str, object]:
        gaps = [own.longest_gap for own in self.applications.values()]
        return {
            **super().facts(),
            # With several applications, a response of one would hide the gap of another.
            "longest_gap_ms": milliseconds(max(gaps, default=self.longest_gap)),
            "failures": self.failures[:FAILURES_SHOWN],
            "broken": self.failure_summary(),
            "failing_before": self.failing_before,
            "new": self.new.facts(),
            "kept": self.kept.facts(),
            "applications": {name: own.facts() for name, own in self.applications.items()},
            "beats": self._beats(),
            "proxy": self.proxy,
        }

    def _beats(self) -> dict[str, object] | None:
        if not self.beats:
            return None
        counted = {name: self.beats[name] for name in HEARTBEAT_COUNTS}
        return {**counted, "not_looked_up": self.not_looked_up}
