from __future__ import annotations

import pytest
from cosmic_app.queue.handlers import handle
from cosmic_app.queue.jobs import BadJob, Job

pytestmark = pytest.mark.unit


def test_a_job_is_read_as_it_was_written() -> None:
    job = Job.new("DeviceStatusChanged", {"device_id": 1, "device_name": "Küche"})
    assert Job.parse(job.dump()) == job


def test_what_a_later_release_adds_is_ignored_and_missing_data_is_empty() -> None:
    assert Job.parse('{"id": "1", "job": "x", "new": true}') == Job(id="1", job="x", data={})


@pytest.mark.parametrize("text", ["", "no", "[]", "7", '{"id": "1"}', '"x"'])
def test_what_is_no_job_is_said(text: str) -> None:
    with pytest.raises(BadJob):
        Job.parse(text)


def test_a_job_nobody_can_do_is_said() -> None:
    with pytest.raises(BadJob, match="Unheard"):
        handle(Job.new("Unheard", {}))
