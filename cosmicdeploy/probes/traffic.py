"""A light stream of requests through the load balancer while something changes behind it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.http import OK, Answer, ask
from cosmicdeploy.probes.places import proxy_url

FAILURES_SHOWN = 5


@dataclass(kw_only=True)
class Traffic:
    """What was sent and what came of it; latencies in seconds. One connection per request.

    `held` were turned away while that was meant to be; they are neither failures nor measured.
    """

    sent: int = 0
    held: int = 0
    failures: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def count(self, answer: Answer, *, turning_away: bool = False) -> None:
        """Take one answer in; anything but 200 is a failure."""
        self.sent += 1
        if turning_away and (answer.turned_away or answer.error):
            self.held += 1
            return
        self.latencies.append(answer.seconds)
        if answer.status != OK:
            self.failures.append(str(answer))

    def percentile(self, share: float) -> float:
        """The latency that this share of the requests stayed within; 0 without requests."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def facts(self) -> dict[str, object]:
        """For the report; milliseconds."""
        return {
            "sent": self.sent,
            "failed": len(self.failures),
            "held": self.held,
            "p50_ms": round(self.percentile(0.5) * 1000, 1),
            "p99_ms": round(self.percentile(0.99) * 1000, 1),
            "max_ms": round(self.percentile(1.0) * 1000, 1),
            "failures": self.failures[:FAILURES_SHOWN],
        }


@contextmanager
def traffic(ctx: Context) -> Iterator[Traffic | None]:
    """Send at the configured rate until the block is left; None where there is nobody to ask."""
    rate = ctx.settings.probe.rate
    url = _url(ctx)
    if not rate or url is None:
        yield None
        return
    measured, stop = Traffic(), threading.Event()
    thread = threading.Thread(
        target=_send, args=(ctx, measured, stop, _requests(ctx, url)), daemon=True
    )
    thread.start()
    try:
        yield measured
    finally:
        stop.set()
        thread.join()


def _url(ctx: Context) -> str | None:
    try:
        return proxy_url(ctx)
    except CosmicError:
        return None  # the stack is not up yet: there is nothing to lose


def _requests(ctx: Context, url: str) -> Iterator[Callable[[], Answer]]:
    """Health requests, and one device's heartbeat in between about once a second."""
    settings = ctx.settings
    beat, every = settings.verify.heartbeat, max(1, round(settings.probe.rate))
    token = ctx.loaded.variables.get(beat.token_variable, "") if beat else ""
    for number in itertools.count(1):
        if beat and token and number % every == 0:
            yield lambda: ask(url + beat.path, token=token, json=beat.body)
        else:
            yield lambda: ask(url + settings.app.health_path)


def _send(
    ctx: Context,
    measured: Traffic,
    stop: threading.Event,
    requests: Iterator[Callable[[], Answer]],
) -> None:
    due = time.monotonic()
    for request in requests:
        if stop.wait(max(0.0, due - time.monotonic())):
            return
        before = ctx.window.is_open
        answer = request()
        measured.count(answer, turning_away=before or ctx.window.is_open)
        due = max(due + 1 / ctx.settings.probe.rate, time.monotonic())
