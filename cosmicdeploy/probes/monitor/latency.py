"""How long the stack takes to answer its clients, asked once a second through the load balancer."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.http import ask
from cosmicdeploy.probes.monitor.event import LATENCY, Sight
from cosmicdeploy.probes.urls import proxy_url
from cosmicdeploy.traffic.request_stats import percentile
from cosmicdeploy.traffic.response import LIMITED, OK, Response

EVERY_SECONDS = 1.0
# A line for so many requests; the view has every one.
TOLD_EVERY = 10
KEPT = 60


class Latency:
    """Sends one request at a look."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._answers: deque[Response] = deque(maxlen=KEPT)
        self._asked = self._failed = 0
        self._failing_since: float | None = None

    def look(self) -> Iterator[Sight]:
        """The request's answer; news where it failed, where it is good again, and now and then."""
        answer = self._ask()
        self._answers.append(answer)
        self._asked += 1
        self._failed += is_failure(answer)
        yield self._sight("", quiet=True)
        yield from self._turn(answer)
        if self._asked % TOLD_EVERY == 0:
            yield self._sight(self._summary())

    def _ask(self) -> Response:
        path = self._ctx.settings.app.health_path
        try:
            return ask(proxy_url(self._ctx) + path)
        except CosmicError as error:  # the proxy is not there to be asked
            return Response(url=path, error=error.what)

    def _turn(self, answer: Response) -> Iterator[Sight]:
        failed = is_failure(answer)
        if failed and self._failing_since is None:
            self._failing_since = time.monotonic()
            yield self._sight(f"FAILS: {answer}")
        elif answer.status == OK and self._failing_since is not None:
            gone, self._failing_since = time.monotonic() - self._failing_since, None
            yield self._sight(f"good again after {gone:.0f} s: {answer}")

    def _summary(self) -> str:
        facts = self._facts(TOLD_EVERY)
        return (
            f"{facts['sent']} requests, {facts['failed']} failed,"
            f" p50 {facts['p50_ms']:.1f}, max {facts['max_ms']:.1f} ms"
        )

    def _facts(self, count: int = KEPT) -> dict[str, float]:
        last = list(self._answers)[-count:]
        good = [answer.seconds for answer in last if answer.status == OK]
        failed = sum(map(is_failure, last))
        return {
            "sent": len(last),
            "failed": failed,
            "p50_ms": round(percentile(good, 0.5) * 1000, 1),
            "p99_ms": round(percentile(good, 0.99) * 1000, 1),
            "max_ms": round(percentile(good, 1.0) * 1000, 1),
        }

    def _of_all(self) -> dict[str, float]:
        """For the view: of the last ones, with how many there were since it began."""
        return {**self._facts(), "asked": self._asked, "failed_in_all": self._failed}

    def _sight(self, text: str, *, quiet: bool = False) -> Sight:
        source = self._ctx.settings.services.proxy or LATENCY
        return Sight(
            at=time.time(),
            topic=LATENCY,
            source=source,
            text=text,
            facts=self._of_all() if quiet else self._facts(TOLD_EVERY),
            quiet=quiet,
        )


def is_failure(answer: Response) -> bool:
    """A rate limit's refusal is none, and does not show that all is well again either."""
    return answer.status not in (OK, LIMITED)
