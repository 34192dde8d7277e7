"""Announced gaps: times in which clients are not served, as announced in the plan of the run.

A run cannot replace the proxy or an only replica without a gap. A request that fails in a gap does
not count as a failure. A gap that lasts longer than announced does count.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Gap:
    """A gap while a service is replaced or reloaded, announced to last at most `at_most` seconds.

    The gap explains failed requests to `application`, or to all applications if that is "". `what`
    says in messages what the service did. `began` and `ended` are times of the monotonic clock;
    `ended` is None while the gap is open. `failed` counts the run's own requests that failed in the
    gap.
    """

    service: str
    at_most: float
    application: str = ""
    what: str = "was away"
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    failed: int = 0
    _last_failure: float | None = field(default=None, init=False)

    @property
    def seconds(self) -> float:
        """How long clients were not served: from the start of the gap to the last failed request.

        Without a failed request, how long the gap was open: clients were affected at most that
        long.
        """
        until = self._last_failure or self.ended or time.monotonic()
        return until - self.began

    @property
    def is_too_long(self) -> bool:
        return self.seconds > self.at_most

    def covers(self, started: float, ended: float, application: str = "") -> bool:
        """Return whether the gap explains the failure of a request to `application`.

        `started` and `ended` are when the request began and ended, by the monotonic clock. A gap
        explains each request that overlaps it.
        """
        if self.application not in ("", application):
            return False
        return self.began < ended and (self.ended is None or started < self.ended)

    def fail(self) -> None:
        """Count a request that has failed just now."""
        self.failed += 1
        self._last_failure = time.monotonic()


class Gaps:
    """The gaps of one run, in the order in which they began."""

    def __init__(self) -> None:
        self.all: list[Gap] = []

    @contextmanager
    def open(
        self, service: str, at_most: float, *, application: str = "", what: str = Gap.what
    ) -> Iterator[Gap]:
        """Open a gap of a service for the duration of the block.

        If the block raises, the gap stays open. The undo of the run then opens the same gap again,
        which may last `at_most` seconds longer, and closes it.
        """
        gap = next((g for g in self.all if g.service == service and g.ended is None), None)
        if gap is None:
            gap = Gap(service=service, at_most=at_most, application=application, what=what)
            self.all.append(gap)
        else:
            gap.at_most += at_most
        yield gap
        gap.ended = time.monotonic()

    def covering(self, started: float, ended: float, application: str = "") -> Gap | None:
        """Return the first gap that explains a request's failure; None if none does.

        The parameters are those of `Gap.covers`.
        """
        return next((gap for gap in self.all if gap.covers(started, ended, application)), None)

    def too_long(self) -> list[str]:
        """Return a line for each gap that was longer than announced."""
        return [
            f"{gap.service} {gap.what} for {gap.seconds:.1f} s, longer than the announced"
            f" {gap.at_most:.0f} s"
            for gap in self.all
            if gap.is_too_long
        ]

    def facts(self, *, probed: bool) -> list[dict[str, object]]:
        """Return the gaps for the report.

        `probed` says whether the run sent requests; if not, `failed` is None.
        """
        return [
            {
                "service": gap.service,
                "what": gap.what,
                "seconds": round(gap.seconds, 2),
                "at_most_seconds": gap.at_most,
                "failed": gap.failed if probed else None,
            }
            for gap in self.all
        ]
