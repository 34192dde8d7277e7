"""The `latency` topic: measure one request per second through the load balancer."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Iterator

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.http import send_request
from cosmicdeploy.probes.monitor.event import LATENCY, MonitorEvent
from cosmicdeploy.probes.proof.fronts import find_fronts
from cosmicdeploy.probes.urls import front_at, front_of
from cosmicdeploy.traffic.request_stats import percentile
from cosmicdeploy.traffic.response import OK, RATE_LIMITED, Response

EVERY_SECONDS = 1.0
# If the monitor prints lines instead of the live view, it prints a line for this many requests.
REQUESTS_PER_LINE = 10
# The live view's figures cover this many of the last requests.
KEPT = 60


class Latency:
    """Sends a request to an application at each poll, and keeps the last 60 responses.

    The applications that clients reach take turns.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._responses: deque[Response] = deque(maxlen=KEPT)
        self._sent = self._failed = 0
        self._count, self._reached = itertools.count(), list[str]()
        # Application → since when its requests fail (monotonic clock).
        self._failing_since: dict[str, float] = {}

    def poll(self) -> Iterator[MonitorEvent]:
        """Send one request and yield a quiet event (without a line of its own) with the figures.

        Also yields an event when the requests to an application begin to fail, one when they
        succeed again, and a summary of every 10 requests.
        """
        name, response = self._request()
        self._responses.append(response)
        self._sent += 1
        self._failed += is_failure(response)
        yield self._event("", quiet=True)
        yield from self._outage_events(name, response)
        if self._sent % REQUESTS_PER_LINE == 0:
            yield self._event(self._summary())

    def _request(self) -> tuple[str, Response]:
        """Return the application whose turn it is, and the response to its request."""
        self._reached = self._reached or list(find_fronts(self._ctx).applications)
        applications = self._ctx.settings.all_applications
        reached = [each for each in applications if each.name in self._reached]
        reached = reached or [self._ctx.settings.main_application]
        application = reached[next(self._count) % len(reached)]
        try:
            # Looked up for each request: a proxy that was started again may have another address.
            front = front_of(self._ctx, application)
            # `front_of` returns None for an application that no client reaches.
            front = front or front_at(self._ctx, application.health_path)
        except CosmicError as error:  # the proxy does not run
            return application.name, Response(url=application.health_path, error=error.what)
        return application.name, send_request(front.url, host=front.host)

    def _outage_events(self, name: str, response: Response) -> Iterator[MonitorEvent]:
        # A 429 shows neither that the application fails nor that it works again.
        since = self._failing_since.get(name)
        if is_failure(response) and since is None:
            self._failing_since[name] = time.monotonic()
            yield self._event(f"FAILED: {response}")
        elif response.status == OK and since is not None:
            del self._failing_since[name]
            seconds = time.monotonic() - since
            yield self._event(f"succeeds again after {seconds:.0f} s: {response}")

    def _summary(self) -> str:
        facts = self._facts(REQUESTS_PER_LINE)
        return (
            f"{facts['sent']} requests, {facts['failed']} failed,"
            f" p50 {facts['p50_ms']:.1f}, max {facts['max_ms']:.1f} ms"
        )

    def _facts(self, count: int = KEPT) -> dict[str, float]:
        """Return the figures of the last `count` responses; only good ones have a latency."""
        last = list(self._responses)[-count:]
        good = [response.seconds for response in last if response.status == OK]
        failed = sum(map(is_failure, last))
        return {
            "sent": len(last),
            "failed": failed,
            "p50_ms": round(percentile(good, 0.5) * 1000, 1),
            "p99_ms": round(percentile(good, 0.99) * 1000, 1),
            "max_ms": round(percentile(good, 1.0) * 1000, 1),
        }

    def _view_facts(self) -> dict[str, float]:
        """Return the figures of the last responses, and the totals since the monitor started."""
        return {**self._facts(), "asked": self._sent, "failed_in_all": self._failed}

    def _event(self, text: str, *, quiet: bool = False) -> MonitorEvent:
        source = self._ctx.settings.services.proxy or LATENCY
        return MonitorEvent(
            at=time.time(),
            topic=LATENCY,
            source=source,
            text=text,
            facts=self._view_facts() if quiet else self._facts(REQUESTS_PER_LINE),
            quiet=quiet,
        )


def is_failure(response: Response) -> bool:
    """Return whether a response is a failure; a rate limit's refusal (429) is not."""
    return response.status not in (OK, RATE_LIMITED)
