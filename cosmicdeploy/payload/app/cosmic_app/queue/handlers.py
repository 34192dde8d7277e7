"""The handler of each kind of job."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from cosmic_app.features import NOTIFICATIONS, Switches
from cosmic_app.queue.jobs import BadJob, Job

logger = logging.getLogger(__name__)


def notify_status_change(data: Mapping[str, Any]) -> None:
    """Notify the operators of a status change; for now by a log entry."""
    logger.info("Device status notification", extra={"context": dict(data)})


# A job must end within the grace period that a worker gets when it is stopped.
LONGEST_PROBE_SECONDS = 5.0


def sleep(data: Mapping[str, Any]) -> None:
    """Sleep for the requested seconds (see `queue:probe`). Raises `BadJob`."""
    seconds = data.get("seconds", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
        raise BadJob("its seconds are no number from 0 on")
    time.sleep(min(seconds, LONGEST_PROBE_SECONDS))


HANDLERS: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "DeviceStatusChanged": notify_status_change,
    "Probe": sleep,
}

# Jobs that are skipped while a feature is switched off, including those queued before.
FEATURE_OF: Mapping[str, str] = {"DeviceStatusChanged": NOTIFICATIONS}


def handle(job: Job, switches: Switches) -> None:
    """Run the job unless its feature is switched off. Raises `BadJob` if no handler can run it."""
    handler = HANDLERS.get(job.job)
    if handler is None:
        raise BadJob("there is no handler of that name")
    feature = FEATURE_OF.get(job.job)
    if feature and not switches.enabled(feature):
        logger.info("Skipping: %s %s (switched off)", job.job, job.id)
        return
    handler(job.data)
