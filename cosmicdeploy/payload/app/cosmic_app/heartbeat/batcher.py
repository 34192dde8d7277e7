"""Write the heartbeats (beats) of many requests in few transactions."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from cosmic_app.heartbeat.model import Beat, Outcome, Unavailable
from cosmic_app.settings import BatchSettings

Write = Callable[[Sequence[Beat]], list[Outcome]]
IsAway = Callable[[], Awaitable[bool]]

# In seconds: how often a waiting request checks whether the database still answers. The check takes
# at most `DEADLINE_SECONDS` (`http/health.py`), so a device gets its 503 within a second.
PATIENCE_SECONDS = 0.2

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pending:
    """A beat, and the future on which its request waits for the outcome."""

    beat: Beat
    future: asyncio.Future[Outcome]


class Batcher:
    """A bounded queue of beats, and the thread that writes them in batches.

    `is_away` returns whether the database does not answer. A lock or a migration may delay a beat
    for seconds although the database answers; then the beat waits.

    Create the object inside a running event loop.
    """

    def __init__(self, settings: BatchSettings, write: Write, is_away: IsAway) -> None:
        self._settings = settings
        self._write = write
        self._is_away = is_away
        self._loop = asyncio.get_running_loop()
        # The item None stops the thread.
        self._queue: queue.Queue[Pending | None] = queue.Queue(settings.queue_size)
        self._thread = threading.Thread(target=self._work, name="heartbeat-writer", daemon=True)
        self._thread.start()

    async def submit(self, beat: Beat) -> Outcome:
        """Wait until the beat is committed or refused; return the outcome.

        Returns `Unavailable` immediately if the queue is full, and within a second if the database
        does not answer. In the second case the beat may still be written.
        """
        pending = Pending(beat, self._loop.create_future())
        try:
            self._queue.put_nowait(pending)
        except queue.Full:
            return Unavailable("Too many beats are waiting.")
        while not (await asyncio.wait((pending.future,), timeout=PATIENCE_SECONDS))[0]:
            if await self._is_away() and pending.future.cancel():
                return Unavailable("The database is not reachable.")
        return pending.future.result()

    async def close(self) -> None:
        """Write the queued beats, then stop the thread."""
        await asyncio.to_thread(self._queue.put, None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        more = True
        while more:
            batch, more = self._gather()
            if not batch:
                continue
            outcomes = self._outcomes([pending.beat for pending in batch])
            if all(isinstance(outcome, Unavailable) for outcome in outcomes):
                # The database is probably down. Refuse the queued beats now: each batch of them
                # could take seconds to fail.
                queued, still_more = self._take_queued()
                batch, more = batch + queued, more and still_more
                outcomes = outcomes + [outcomes[0]] * len(queued)
            self._loop.call_soon_threadsafe(_resolve, batch, outcomes)

    def _gather(self) -> tuple[list[Pending], bool]:
        """Return the next batch, and whether another may follow.

        A batch that is not full waits up to `linger` seconds for more beats. Under load this adds
        little, since beats queue up while the previous batch is committed.
        """
        batch: list[Pending] = []
        deadline = None
        while len(batch) < self._settings.size:
            try:
                wait = None if deadline is None else max(0.0, deadline - time.monotonic())
                pending = self._queue.get(timeout=wait)
            except queue.Empty:
                break
            if pending is None:
                return batch, False
            if pending.future.cancelled():
                continue
            batch.append(pending)
            deadline = deadline or time.monotonic() + self._settings.linger
        return batch, True

    def _take_queued(self) -> tuple[list[Pending], bool]:
        """Return all beats queued now, and whether more may follow."""
        taken = [self._queue.get() for _ in range(self._queue.qsize())]
        batch = [pending for pending in taken if pending is not None]
        return batch, len(batch) == len(taken)

    def _outcomes(self, beats: list[Beat]) -> list[Outcome]:
        try:
            return self._write(beats)
        except Exception:  # all beats go through this thread, so it must survive any error
            logger.exception("Beats not written")
            return [Unavailable("The beat could not be written.")] * len(beats)


def _resolve(batch: Sequence[Pending], outcomes: Sequence[Outcome]) -> None:
    for pending, outcome in zip(batch, outcomes, strict=True):
        if not pending.future.done():
            pending.future.set_result(outcome)
