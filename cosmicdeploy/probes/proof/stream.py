"""Requests at a steady rate during a run: half on new connections, half on kept ones.

The rate is `probe.rate` requests per second, of which `probe.heartbeat_rate` are heartbeats that
the application stores. Each request is sent when it is due, on a thread of its own while earlier
ones are still waiting: a slow answer delays no other request, so slow requests are measured (no
coordinated omission). A request that waits for a free thread is measured with its wait.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.proof.access_log import count_proxy
from cosmicdeploy.probes.proof.connection import Kept, Request, ask_once
from cosmicdeploy.probes.proof.heartbeats import Heartbeats, configured_heartbeats
from cosmicdeploy.probes.urls import proxy_url
from cosmicdeploy.traffic.request_stats import TrafficStats
from cosmicdeploy.traffic.response import LIMITED, OK, Response

SENDERS = 64
# A process that is late by more seconds, such as a frozen one, skips the requests that it missed.
CATCH_UP = 0.5
# How long an abandoned request may still wait in a server's queue.
UNSURE_SECONDS = 15.0

Send = Callable[[float, bool], None]


@contextmanager
def traffic(ctx: Context) -> Iterator[TrafficStats | None]:
    """Send requests at the configured rate until the block is left.

    None where `probe.rate` is 0 or clients cannot reach the stack yet. Costs `probe.rate` requests
    per second, among them `probe.heartbeat_rate` heartbeats, each looked up by one query.
    """
    url = _url(ctx)
    if not ctx.settings.probe.rate or url is None:
        yield None
        return
    stream, started = Stream(ctx, url, configured_heartbeats(ctx)), time.time()
    stream.start()
    try:
        yield stream.measured
    finally:
        stream.stop()
        stream.measured.proxy = count_proxy(ctx, started, at_least=stream.measured.answered)


def _url(ctx: Context) -> str | None:
    try:
        return proxy_url(ctx)
    except CosmicError:
        return None  # the stack is not up yet: no client can lose a request


class Stream:
    """Sends requests from `start` to `stop`, and counts them in `measured`."""

    def __init__(self, ctx: Context, url: str, heartbeats: Heartbeats | None) -> None:
        self.measured = TrafficStats()
        self._ctx, self._url, self._heartbeats = ctx, url, heartbeats
        self._kept = Kept(url)
        self._unsure_until = self._limited_until = 0.0
        self._counting, self._beating = threading.Lock(), threading.Lock()
        self._stopped = threading.Event()
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="probe")
        self._clock = threading.Thread(target=self._send, name="probes", daemon=True)

    def start(self) -> None:
        """Begin to send requests."""
        self._clock.start()

    def stop(self) -> None:
        """Send no more requests, and wait for the answers to those that were sent."""
        self._stopped.set()
        self._clock.join()
        self._senders.shutdown(cancel_futures=True)
        for _ in range(self.measured.overdue(CATCH_UP)):
            late = Response(url=self._url, error=f"not sent: {SENDERS} others were waiting")
            self.measured.count(late)
        self._kept.close()
        self.measured.finish()

    def _send(self) -> None:
        pause, due = 1 / self._ctx.settings.probe.rate, time.monotonic()
        every = self._beat_every()
        sorts, sorts_of_beats = itertools.cycle((False, True)), itertools.cycle((False, True))
        for number in itertools.count(1):
            if self._stopped.wait(max(0.0, due - time.monotonic())):
                return
            now = time.monotonic()
            self.measured.begin(number)
            if every and (number - 1) % every == 0:
                self._senders.submit(self._counted, number, self._beat, now, next(sorts_of_beats))
            else:
                self._senders.submit(self._counted, number, self._look, now, next(sorts))
            due = due + pause if now - due < CATCH_UP else now + pause

    def _beat_every(self) -> int:
        """Return that every so many requests one is a heartbeat; 0 for none."""
        probe = self._ctx.settings.probe
        if self._heartbeats is None or not probe.heartbeat_rate:
            return 0
        return max(1, round(probe.rate / probe.heartbeat_rate))

    def _counted(self, number: int, send: Send, due: float, kept: bool) -> None:
        try:
            send(due, kept)
        finally:
            self.measured.end(number)

    def _look(self, due: float, kept: bool) -> None:
        self._ask(Request(path=self._ctx.settings.app.health_path), due, kept=kept)

    def _beat(self, due: float, kept: bool) -> None:
        """Send one heartbeat at a time: a device's row holds only its newest id."""
        limited = time.monotonic() < self._limited_until
        if self._heartbeats is None or limited or not self._beating.acquire(blocking=False):
            return self._look(due, kept)
        try:
            self._beat_alone(self._heartbeats, due, kept=kept)
        finally:
            self._beating.release()

    def _beat_alone(self, heartbeats: Heartbeats, due: float, *, kept: bool) -> None:
        window, counted = self._ctx.run.maintenance, self.measured.beats
        name, request = heartbeats.create()
        changes = window.changes
        counted["sent"] += 1
        answer = self._ask(request, due, kept=kept)
        if answer.error:
            # The server may still process it, and overwrite the id of a later one.
            self._unsure_until = time.monotonic() + UNSURE_SECONDS
        if answer.status == LIMITED:
            counted["limited"] += 1
            # More heartbeats would use up the limit, which the verification needs as well.
            self._limited_until = time.monotonic() + (answer.retry_after or 0.0)
        if answer.status != OK:
            return
        counted["acknowledged"] += 1
        if window.is_open:
            return  # data is being swapped
        is_stored = heartbeats.is_stored(name)
        if is_stored:
            counted["found"] += 1
        elif is_stored is None:
            self.measured.not_looked_up = heartbeats.why_not
        elif not counted["found"]:
            self.measured.not_looked_up = "the release that runs stores no ids"
        elif changes == window.changes and time.monotonic() > self._unsure_until:
            self._miss(kept=kept)

    def _ask(self, request: Request, due: float, *, kept: bool) -> Response:
        started, before = time.monotonic(), self._ctx.run.maintenance.is_open
        answer = self._kept.ask(request) if kept else ask_once(self._url, request)
        answer = replace(answer, seconds=answer.seconds + started - due)
        with self._counting:
            turning_away = before or self._ctx.run.maintenance.is_open
            self.measured.count(answer, turning_away=turning_away, kept=kept)
        return answer

    def _miss(self, *, kept: bool) -> None:
        with self._counting:
            self.measured.miss(kept=kept)
