"""Gaps that a run has announced: times in which clients are not served, as the plan said.

The only replica or the proxy cannot be replaced without one. A request that fails in a gap is no
lost promise, unless the gap is longer than announced.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Gap:
    """A gap while a service is replaced; it was announced to last `at_most` seconds.

    `application` is the one whose requests it explains; "" if it explains all requests. `what` says
    what the service did, for people. `failed` counts the run's own requests that failed
    in it. Times are of the monotonic clock.
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
        """How long clients were not served, as far as the run's requests show.

        Without a failed request, how long the service was away at most.
        """
        until = self._last_failure or self.ended or time.monotonic()
        return until - self.began

    @property
    def is_too_long(self) -> bool:
        return self.seconds > self.at_most

    def covers(self, started: float, ended: float, application: str = "") -> bool:
        """Whether a request from `started` to `ended` to this application is explained by it."""
        if self.application not in ("", application):
            return False
        return self.began < ended and (self.ended is None or started < self.ended)

    def fail(self) -> None:
        """Count a request that failed now."""
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
        """Have a gap of a service during the block.

        After an error it stays open: the undo, which opens it again, is what ends it. It may then
        last `at_most` seconds more.
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
        """Return the gap that explains a request from `started` to `ended`, if any."""
        return next((gap for gap in self.all if gap.covers(started, ended, application)), None)

    def too_long(self) -> list[str]:
        """Return a line for each gap that was longer than announced."""
        return [
            f"{gap.service} {gap.what} for {gap.seconds:.1f} s, announced were at most"
            f" {gap.at_most:.0f} s"
            for gap in self.all
            if gap.is_too_long
        ]

    def facts(self, *, probed: bool) -> list[dict[str, object]]:
        """Return the gaps for the report; `probed` says whether the run sent requests."""
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
