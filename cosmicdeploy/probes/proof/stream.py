"""Send requests at a steady rate during a run, to prove that clients do not notice it.

`probe.rate` requests are sent per second; `probe.heartbeat_rate` of them are heartbeats, which the
application stores. Half of the requests use new connections, half use kept ones.

Each request is sent on time in its own thread, even if earlier ones have no response yet, so that
slow responses are measured (no coordinated omission). The time in which a request waits for a free
thread is part of its latency.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.proof.access_log import count_proxy
from cosmicdeploy.probes.proof.client_failures import judge_client_failures
from cosmicdeploy.probes.proof.connection import ConnectionPool, Request
from cosmicdeploy.probes.proof.fronts import Fronts, find_fronts
from cosmicdeploy.probes.proof.heartbeats import Heartbeats, configured_heartbeats
from cosmicdeploy.probes.urls import Front
from cosmicdeploy.process.polling import poll
from cosmicdeploy.process.signals import interruptible
from cosmicdeploy.traffic.request_stats import RequestStats
from cosmicdeploy.traffic.response import OK, RATE_LIMITED, Response
from cosmicdeploy.traffic.traffic_stats import TrafficStats

THREADS = 64
# In seconds. If the deployer is late by more than this, for example after its machine was
# suspended, it skips the requests that it missed. When the run ends, a request that has waited this
# long for a thread counts as failed.
CATCH_UP_SECONDS = 0.5
# In seconds: how long a heartbeat without a response may still wait in a server's queue.
UNSURE_SECONDS = 15.0
# In seconds: how long a run that a signal has ended waits for the last responses.
AFTER_SIGNAL_SECONDS = 1.0
POLL_SECONDS = 0.05

# Sends a request. The arguments: when it was submitted (monotonic clock), and whether to use a kept
# connection.
Send = Callable[[float, bool], None]


@contextmanager
def traffic(ctx: Context) -> Iterator[TrafficStats | None]:
    """Send requests at the configured rate during the block; yield their statistics.

    Yields None and sends nothing if `probe.rate` is 0 or clients reach no application now. Each
    acknowledged heartbeat costs one database query.
    """
    fronts = find_fronts(ctx) if ctx.settings.probe.rate else None
    if fronts is None or not fronts.applications:
        yield None
        return
    heartbeats = configured_heartbeats(ctx) if fronts.heartbeats else None
    stream, started = RequestStream(ctx, fronts, heartbeats), time.time()
    stream.start()
    within = None
    try:
        yield stream.measured
    except KeyboardInterrupt:
        within = AFTER_SIGNAL_SECONDS
        raise
    finally:
        stream.stop(within)
        stream.measured.proxy = count_proxy(ctx, started, at_least=stream.measured.answered)
        judge_client_failures(ctx, stream.measured)


class RequestStream:
    """Sends requests between `start` and `stop`, and counts them in `measured`.

    The applications take turns.
    """

    def __init__(self, ctx: Context, fronts: Fronts, heartbeats: Heartbeats | None) -> None:
        names = list(fronts.applications)
        own = {name: RequestStats() for name in names} if len(names) > 1 else {}
        self.measured = TrafficStats(applications=own, gaps=ctx.run.gaps)
        self._ctx, self._fronts, self._heartbeats = ctx, fronts, heartbeats
        used = filter(None, (fronts.heartbeats, *fronts.applications.values()))
        self._connections = {each.origin: ConnectionPool(*each.origin) for each in used}
        self._unfinished: set[Future[None]] = set()
        self._unsure_until = self._limited_until = 0.0
        self._is_aborting = False
        self._count_lock, self._heartbeat_in_flight = threading.Lock(), threading.Lock()
        self._stopped = threading.Event()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="probe")
        self._scheduler = threading.Thread(
            target=self._send_on_schedule, name="probes", daemon=True
        )

    def start(self) -> None:
        """Start sending requests."""
        self._scheduler.start()

    def stop(self, within: float | None = None) -> None:
        """Stop sending requests, and wait for the responses to those that were sent.

        Waits for up to `within` seconds; without a limit if None. After a signal, waits no longer
        than `AFTER_SIGNAL_SECONDS`.
        Responses that have not come by then are not counted. Drops requests that still wait for a
        thread. Dropped requests that are overdue count as failed.
        """
        self._stopped.set()
        self._scheduler.join()
        self._threads.shutdown(wait=False, cancel_futures=True)
        with suppress(KeyboardInterrupt), interruptible():
            self._wait_for_responses(within)
        self._is_aborting = True
        for pool in self._connections.values():
            pool.abort()
        self._threads.shutdown()
        for _ in range(self.measured.overdue(CATCH_UP_SECONDS)):
            url = next(iter(self._fronts.applications.values())).base
            why = f"not sent: {THREADS} requests before it had no response yet"
            late = Response(url=url, error=why)
            self.measured.count(late)
        for pool in self._connections.values():
            pool.close()
        self.measured.finish()

    def _wait_for_responses(self, within: float | None) -> None:
        interrupts = self._ctx.interrupts
        if within is None:
            # After its last step, a run ignores signals: only `has_received` shows them.
            poll(
                lambda: wait(list(self._unfinished), timeout=0).not_done,
                until=lambda left: not left or interrupts.has_received,
                every=POLL_SECONDS,
            )
        wait(list(self._unfinished), timeout=AFTER_SIGNAL_SECONDS if within is None else within)

    def _send_on_schedule(self) -> None:
        pause, due = 1 / self._ctx.settings.probe.rate, time.monotonic()
        every = self._requests_per_heartbeat()
        # An application gets a request on a new connection in one round, on a kept one in the next.
        turns = itertools.cycle(itertools.product((False, True), self._fronts.applications))
        heartbeat_kept = itertools.cycle((False, True))
        for number in itertools.count(1):
            if self._stopped.wait(max(0.0, due - time.monotonic())):
                return
            now = time.monotonic()
            self.measured.begin(number)
            if every and (number - 1) % every == 0:
                self._submit(number, self._send_heartbeat, now, next(heartbeat_kept))
            else:
                kept, name = next(turns)
                send = partial(self._send_health_request, name)
                self._submit(number, send, now, kept)
            due = due + pause if now - due < CATCH_UP_SECONDS else now + pause

    def _requests_per_heartbeat(self) -> int:
        """Return N if every Nth request is to be a heartbeat; 0 if none is."""
        probe = self._ctx.settings.probe
        if self._heartbeats is None or not probe.heartbeat_rate:
            return 0
        return max(1, round(probe.rate / probe.heartbeat_rate))

    def _submit(self, number: int, send: Send, now: float, kept: bool) -> None:
        future = self._threads.submit(self._send_and_mark_done, number, send, now, kept)
        self._unfinished.add(future)
        future.add_done_callback(self._unfinished.discard)

    def _send_and_mark_done(self, number: int, send: Send, submitted: float, kept: bool) -> None:
        try:
            send(submitted, kept)
        finally:
            self.measured.end(number)

    def _send_health_request(self, application: str, submitted: float, kept: bool) -> None:
        front = self._fronts.applications[application]
        self._send_request(front, Request(path=front.path), application, submitted, kept=kept)

    def _send_heartbeat(self, submitted: float, kept: bool) -> None:
        """Send a heartbeat, or a health request while heartbeats have to wait.

        Heartbeats wait while the last heartbeat is in flight, and while the rate limit refuses
        them. The application stores only the newest id of a device, so a heartbeat must be looked
        up before the next one is sent.
        """
        is_limited = time.monotonic() < self._limited_until
        in_flight, front = self._heartbeat_in_flight, self._fronts.heartbeats
        beats = None if is_limited else self._heartbeats
        if is_limited:
            self.measured.beats["held_back"] += 1
        if beats is None or front is None or not in_flight.acquire(blocking=False):
            first = next(iter(self._fronts.applications))
            return self._send_health_request(first, submitted, kept)
        try:
            self._send_and_look_up(front, beats, submitted, kept=kept)
        finally:
            in_flight.release()

    def _send_and_look_up(
        self, front: Front, heartbeats: Heartbeats, submitted: float, *, kept: bool
    ) -> None:
        maintenance, counted = self._ctx.run.maintenance, self.measured.beats
        heartbeat_id, request = heartbeats.create()
        changes_before = maintenance.changes
        counted["sent"] += 1
        main = self._ctx.settings.main_application.name
        response = self._send_request(front, request, main, submitted, kept=kept)
        if response.error:
            # The server may still process this heartbeat later, and overwrite the id of the next
            # heartbeat.
            self._unsure_until = time.monotonic() + UNSURE_SECONDS
        if response.status == RATE_LIMITED:
            counted["limited"] += 1
            # More heartbeats would use up the rate limit, which the verification needs as well.
            self._limited_until = time.monotonic() + (response.retry_after or 0.0)
        if response.status != OK:
            return
        counted["acknowledged"] += 1
        if maintenance.is_open:
            return  # a rollback may have swapped the data since the heartbeat was stored
        is_stored = heartbeats.is_stored(heartbeat_id)
        if is_stored:
            counted["found"] += 1
        elif is_stored is None:
            self.measured.not_looked_up = heartbeats.lookup_problem
        elif not counted["found"]:
            self.measured.not_looked_up = "the running release stores no ids"
        elif changes_before == maintenance.changes and time.monotonic() > self._unsure_until:
            self._count_not_found(kept=kept)

    def _send(self, front: Front, request: Request, *, kept: bool) -> Response:
        pool = self._connections[front.origin]
        return pool.send(request) if kept else pool.send_once(request)

    def _send_request(
        self, front: Front, request: Request, application: str, submitted: float, *, kept: bool
    ) -> Response:
        started, was_open = time.monotonic(), self._ctx.run.maintenance.is_open
        response = self._send(front, request, kept=kept)
        if self._is_aborting:
            return response
        gap = self._ctx.run.gaps.covering(started, time.monotonic(), application)
        response = replace(response, seconds=response.seconds + started - submitted)
        with self._count_lock:
            turning_away = was_open or self._ctx.run.maintenance.is_open
            self.measured.count(
                response,
                turning_away=turning_away,
                in_gap=gap is not None,
                kept=kept,
                application=application,
            )
            if gap is not None and response.is_failure:
                gap.fail()
        return response

    def _count_not_found(self, *, kept: bool) -> None:
        with self._count_lock:
            self.measured.miss(kept=kept)
