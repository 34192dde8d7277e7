"""Takes one job after the other; a job leaves Redis only when it is done."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from cosmic_app.cache import redis_error
from cosmic_app.features import Switches
from cosmic_app.queue.handlers import handle
from cosmic_app.queue.jobs import DEFAULT_QUEUE, FAILED_QUEUE, Job

if TYPE_CHECKING:
    import redis

WAIT_SECONDS = 1

logger = logging.getLogger(__name__)


class Worker:
    """A worker with a name of its own: after a crash it finds the job it had in hand."""

    def __init__(self, client: redis.Redis, name: str, switches: Switches) -> None:
        """The client's timeout must be longer than `WAIT_SECONDS`."""
        self._client = client
        self._switches = switches
        self._processing = f"{DEFAULT_QUEUE}:processing:{name}"

    def resume(self) -> int:
        """Put back what an earlier run left in hand; how many jobs that were."""
        count = 0
        while self._client.lmove(self._processing, DEFAULT_QUEUE, "LEFT", "RIGHT"):
            count += 1
        return count

    def work_once(self) -> bool:
        """Do the next job, waiting for it a little; whether there was one."""
        text = self._client.blmove(
            DEFAULT_QUEUE, self._processing, WAIT_SECONDS, src="RIGHT", dest="LEFT"
        )
        if text is None:
            return False
        job = str(text)
        self._finish(job, self._run(job))
        return True

    def _run(self, text: str) -> bool:
        """Whether the job was done; a failing job must not stop those behind it."""
        try:
            job = Job.parse(text)
            logger.info("Processing: %s %s", job.job, job.id)
            handle(job, self._switches)
            logger.info("Processed:  %s %s", job.job, job.id)
        except Exception:
            logger.exception("Failed:     %s", text)
            return False
        return True

    def _finish(self, text: str, done: bool) -> None:
        pipeline = self._client.pipeline(transaction=True)
        if not done:
            pipeline.lpush(FAILED_QUEUE, text)
        pipeline.lrem(self._processing, 1, text)
        pipeline.execute()


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
