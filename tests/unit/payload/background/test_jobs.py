"""Jobs of the queue: parsing and handling."""

from __future__ import annotations

from pathlib import Path

import pytest
from cosmic_app.features import NOTIFICATIONS, Switches
from cosmic_app.queue.handlers import handle
from cosmic_app.queue.jobs import BadJob, Job

pytestmark = pytest.mark.unit


def test_a_stored_job_is_parsed_unchanged() -> None:
    job = Job.new("DeviceStatusChanged", {"device_id": 1, "device_name": "Küche"})
    assert Job.parse(job.dump().encode()) == job


def test_unknown_keys_are_ignored_and_missing_data_is_empty() -> None:
    assert Job.parse(b'{"id": 1, "job": "x", "new": true}') == Job(id="1", job="x", data={})


@pytest.mark.parametrize(
    "text", ["", "no", "[]", "7", '{"id": "1"}', '"x"', '{"id": "1", "job": "x", "data": [1]}']
)
def test_an_invalid_job_is_refused(text: str) -> None:
    with pytest.raises(BadJob):
        Job.parse(text.encode())


def test_a_job_without_a_handler_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadJob, match="no handler"):
        handle(Job.new("Unknown", {}), Switches(tmp_path))


def test_notifications_are_skipped_while_they_are_switched_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    switches, job = Switches(tmp_path), Job.new("DeviceStatusChanged", {"device_id": 1})
    handle(job, switches)
    switches.disable(NOTIFICATIONS, "me")
    handle(job, switches)
    handle(Job.new("Probe", {"seconds": 0}), switches)
    assert [record.getMessage() for record in caplog.records] == [
        "Device status notification",
        f"Skipping: DeviceStatusChanged {job.id} (switched off)",
    ]
