"""Process jobs one by one; a crash loses no job, and failed ones are kept in a list."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from cosmic_app.cache import redis_error
from cosmic_app.features import Switches
from cosmic_app.queue.handlers import handle
from cosmic_app.queue.jobs import DEFAULT_QUEUE, FAILED_QUEUE, LARGEST_BYTES, BadJob, Job

if TYPE_CHECKING:
    import redis

WAIT_SECONDS = 1
# How many failed jobs are kept; the newest stay.
FAILED_KEPT = 1000
# If the worker has died this many times during a job, the job counts as failed, since it may be the
# cause.
MOST_ATTEMPTS = 5
ATTEMPTS_KEY = f"{DEFAULT_QUEUE}:attempts"

logger = logging.getLogger(__name__)


class Worker:
    """A worker with a unique name, by which it finds its unfinished job after a crash."""

    def __init__(self, client: redis.Redis, name: str, switches: Switches) -> None:
        """Create a worker. The client must return bytes, since a queue entry may be anything.

        The client's timeout must be longer than `WAIT_SECONDS`.
        """
        self._client = client
        self._switches = switches
        self._processing = f"{DEFAULT_QUEUE}:processing:{name}"

    def resume(self) -> int:
        """Queue the jobs that an earlier process of this worker left unfinished; return how many.

        A job that was unfinished `MOST_ATTEMPTS` times counts as failed instead.
        """
        count = 0
        while (text := self._client.lindex(self._processing, 0)) is not None:
            if self._client.hincrby(ATTEMPTS_KEY, _key(text), 1) >= MOST_ATTEMPTS:
                logger.error("Set aside:  a job of %d bytes: its worker died", len(text))
                self._finish(text, done=False)
                continue
            self._client.lmove(self._processing, DEFAULT_QUEUE, "LEFT", "RIGHT")
            count += 1
        return count

    def work_once(self) -> bool:
        """Process the next job; wait for it up to `WAIT_SECONDS`. Return whether there was one."""
        text = self._client.blmove(
            DEFAULT_QUEUE, self._processing, WAIT_SECONDS, src="RIGHT", dest="LEFT"
        )
        if text is None:
            return False
        self._finish(text, self._run(text))
        return True

    def _run(self, text: bytes) -> bool:
        """Run a job and return whether it succeeded. Never raises: the next jobs must run.

        The content of an invalid job is never logged, since it may be anything, even a secret.
        """
        try:
            job = Job.parse(text)
        except BadJob as error:
            logger.error("Set aside:  a job of %d bytes: %s", len(text), error)
            return False
        logger.info("Processing: %s %s", job.job, job.id)
        try:
            handle(job, self._switches)
        except BadJob as error:
            logger.error("Set aside:  %s: %s", job.id, error)
            return False
        except Exception:
            logger.exception("Set aside:  %s %s failed", job.job, job.id)
            return False
        logger.info("Processed:  %s %s", job.job, job.id)
        return True

    def _finish(self, text: bytes, done: bool) -> None:
        pipeline = self._client.pipeline(transaction=True)
        if not done:
            # The start of a job that is too large still shows what it was.
            pipeline.lpush(FAILED_QUEUE, text[:LARGEST_BYTES])
            pipeline.ltrim(FAILED_QUEUE, 0, FAILED_KEPT - 1)
        pipeline.lrem(self._processing, 1, text)
        pipeline.hdel(ATTEMPTS_KEY, _key(text))
        pipeline.execute()


def _key(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def work_until(worker: Worker, stopped: Callable[[float], bool], alive: Callable[[], None]) -> None:
    """Process jobs until `stopped`; finish the current job first. Survives outages of Redis.

    `stopped` waits up to the given seconds for a signal, and returns whether one has arrived.
    `alive` is called before each attempt to get a job, so also while idle. A job may run twice: if
    an outage of Redis interrupts a job, it is queued again at the worker's next start.
    """
    resumed = False
    while not stopped(0):
        alive()
        try:
            if not resumed:
                worker.resume()
                resumed = True
            worker.work_once()
        except redis_error() as error:
            logger.warning("Redis is unavailable: %s", error)
            stopped(WAIT_SECONDS)
