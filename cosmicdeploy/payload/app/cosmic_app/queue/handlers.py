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
    """Log a status change for the operators."""
    logger.info("Device status notification", extra={"context": dict(data)})


# A stopping worker finishes its job, so a job must end within the container's grace period.
LONGEST_PROBE_SECONDS = 5.0


def sleep(data: Mapping[str, Any]) -> None:
    """Sleep for the requested seconds (see `queue:probe`). Raises `BadJob`."""
    seconds = data.get("seconds", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
        raise BadJob("its `seconds` must be a number of at least 0")
    time.sleep(min(seconds, LONGEST_PROBE_SECONDS))


HANDLERS: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "DeviceStatusChanged": notify_status_change,
    "Probe": sleep,
}

# Jobs of these kinds are skipped while the feature is off, even if they were queued before that.
FEATURE_OF: Mapping[str, str] = {"DeviceStatusChanged": NOTIFICATIONS}


def handle(job: Job, switches: Switches) -> None:
    """Run the job unless its feature is switched off. Raises `BadJob` if no handler can run it."""
    handler = HANDLERS.get(job.job)
    if handler is None:
        raise BadJob("no handler has its name")
    feature = FEATURE_OF.get(job.job)
    if feature and not switches.enabled(feature):
        logger.info("Skipping: %s %s (switched off)", job.job, job.id)
        return
    handler(job.data)
