"""Takes one job after the other; a job leaves Redis only when it is done, or was set aside."""

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
# How many of the jobs that were set aside are kept, the newest of them.
FAILED_KEPT = 1000
# How often a job is begun whose worker ended before it did: it may be what ended the worker.
MOST_ATTEMPTS = 5
ATTEMPTS = f"{DEFAULT_QUEUE}:attempts"

logger = logging.getLogger(__name__)


class Worker:
    """A worker with a name of its own: after a crash it finds the job it had in hand."""

    def __init__(self, client: redis.Redis, name: str, switches: Switches) -> None:
        """The client answers in bytes, since a job may be anything, and its timeout must be longer
        than `WAIT_SECONDS`."""
        self._client = client
        self._switches = switches
        self._processing = f"{DEFAULT_QUEUE}:processing:{name}"

    def resume(self) -> int:
        """Put back what an earlier run left in hand; how many jobs that were."""
        count = 0
        while (text := self._client.lindex(self._processing, 0)) is not None:
            if self._client.hincrby(ATTEMPTS, _key(text), 1) >= MOST_ATTEMPTS:
                logger.error("Set aside:  a job of %d bytes ended its worker", len(text))
                self._finish(text, done=False)
                continue
            self._client.lmove(self._processing, DEFAULT_QUEUE, "LEFT", "RIGHT")
            count += 1
        return count

    def work_once(self) -> bool:
        """Do the next job, waiting for it a little; whether there was one."""
        text = self._client.blmove(
            DEFAULT_QUEUE, self._processing, WAIT_SECONDS, src="RIGHT", dest="LEFT"
        )
        if text is None:
            return False
        self._finish(text, self._run(text))
        return True

    def _run(self, text: bytes) -> bool:
        """Whether the job was done; a failing job must not stop those behind it.

        Nothing of the content of a job that is none is logged: it can be anything.
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
            # Of a job that is too large the beginning says what it was.
            pipeline.lpush(FAILED_QUEUE, text[:LARGEST_BYTES])
            pipeline.ltrim(FAILED_QUEUE, 0, FAILED_KEPT - 1)
        pipeline.lrem(self._processing, 1, text)
        pipeline.hdel(ATTEMPTS, _key(text))
        pipeline.execute()


def _key(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def work_until(worker: Worker, stopped: Callable[[float], bool], alive: Callable[[], None]) -> None:
    """Work until told to stop; the job in hand is finished first. Redis may come and go."""
    resumed = False
    while not stopped(0):
        alive()
        try:
            if not resumed:
                worker.resume()
                resumed = True
            worker.work_once()
        except redis_error() as error:
            logger.warning("Redis is not to be had: %s", error)
            stopped(WAIT_SECONDS)
