"""The queue worker and invalid jobs, with the lists of Redis in memory."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from cosmic_app.features import Switches
from cosmic_app.queue.jobs import DEFAULT_QUEUE, FAILED_QUEUE, LARGEST_BYTES, Job
from cosmic_app.queue.worker import ATTEMPTS_KEY, FAILED_KEPT, MOST_ATTEMPTS, Worker

pytestmark = pytest.mark.unit

SECRET = "hunter2"
GOOD = Job.new("Probe", {"seconds": 0}).dump().encode()


class Lists:
    """The commands of Redis that a worker uses. Index 0 of a list is its left end."""

    def __init__(self) -> None:
        self.lists: dict[str, list[bytes]] = defaultdict(list)
        self.counts: dict[str, dict[str, int]] = defaultdict(dict)

    def lmove(self, source: str, target: str, src: str, dest: str) -> bytes | None:
        if not self.lists[source]:
            return None
        moved = self.lists[source].pop(0 if src == "LEFT" else -1)
        self.lists[target].insert(0 if dest == "LEFT" else len(self.lists[target]), moved)
        return moved

    def blmove(self, source: str, target: str, _wait: int, src: str, dest: str) -> bytes | None:
        return self.lmove(source, target, src, dest)

    def lindex(self, name: str, index: int) -> bytes | None:
        return self.lists[name][index] if self.lists[name] else None

    def lpush(self, name: str, *values: bytes) -> None:
        for value in values:
            self.lists[name].insert(0, value)

    def lrem(self, name: str, _count: int, value: bytes) -> None:
        self.lists[name].remove(value)

    def ltrim(self, name: str, start: int, end: int) -> None:
        self.lists[name] = self.lists[name][start : end + 1]

    def hincrby(self, name: str, key: str, amount: int) -> int:
        self.counts[name][key] = self.counts[name].get(key, 0) + amount
        return self.counts[name][key]

    def hdel(self, name: str, key: str) -> None:
        self.counts[name].pop(key, None)

    def pipeline(self, transaction: bool) -> Lists:
        assert transaction
        return self

    def execute(self) -> None:
        """Do nothing: each command took effect when it was called."""


@pytest.fixture
def lists() -> Lists:
    return Lists()


@pytest.fixture
def worker(lists: Lists, tmp_path: Path) -> Worker:
    return Worker(lists, "one", Switches(tmp_path))  # type: ignore[arg-type]


def job_with(**fields: Any) -> bytes:
    return json.dumps({"id": "1", "job": "Probe", "data": {}, **fields}).encode()


BAD = [
    b"\xff\xfe" + SECRET.encode(),
    b"\x00" * 9,
    SECRET.encode("utf-16"),
    b"",
    SECRET.encode(),
    b"[" * 60_000,
    b'{"id": "1", "job": "Probe", "data": {"x": ' + b"9" * 5000 + b"}}",
    b'["hunter2"]',
    b'"hunter2"',
    b"null",
    b'{"id": "1"}',
    b'{"job": "Probe"}',
    job_with(job="Unknown"),
    job_with(job=None),
    job_with(job=["Probe"]),
    job_with(job="Probe\n[2026-01-01 00:00:00] forged"),
    job_with(job="\ud800"),
    job_with(job="x" * 1000),
    job_with(id={"a": SECRET}),
    job_with(id="1\nforged"),
    job_with(id=True),
    job_with(data=[SECRET]),
    job_with(data=SECRET),
    job_with(data=7),
    job_with(data={"seconds": SECRET}),
    job_with(data={"seconds": None}),
    job_with(data={"seconds": [1]}),
    job_with(data={"seconds": -1}),
    job_with(data={"seconds": float("nan")}),
    job_with(data={"x": SECRET * LARGEST_BYTES}),
]


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_an_invalid_job_moves_to_the_failed_list_and_the_next_one_runs(
    lists: Lists, worker: Worker, caplog: pytest.LogCaptureFixture, text: bytes
) -> None:
    caplog.set_level("INFO")
    lists.lpush(DEFAULT_QUEUE, text, GOOD)
    assert worker.work_once() and worker.work_once() and not worker.work_once()
    assert lists.lists[FAILED_QUEUE] == [text[:LARGEST_BYTES]]
    assert not lists.lists[DEFAULT_QUEUE]
    assert not lists.lists[f"{DEFAULT_QUEUE}:processing:one"]
    assert "Set aside" in caplog.text and caplog.text.count("Processed") == 1
    assert SECRET not in caplog.text
    assert "\n[2026" not in caplog.text


def test_only_the_newest_failed_jobs_are_kept(lists: Lists, worker: Worker) -> None:
    for number in range(FAILED_KEPT + 3):
        lists.lpush(DEFAULT_QUEUE, f"no {number}".encode())
        worker.work_once()
    kept = lists.lists[FAILED_QUEUE]
    assert len(kept) == FAILED_KEPT
    assert kept[0] == f"no {FAILED_KEPT + 2}".encode()


def test_a_job_that_kills_its_worker_is_set_aside_after_some_attempts(
    lists: Lists, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    """Each time the worker ends before the job, as if the kernel's OOM killer had ended it."""
    processing = f"{DEFAULT_QUEUE}:processing:one"
    lists.lpush(processing, GOOD)
    for _ in range(MOST_ATTEMPTS - 1):
        assert worker.resume() == 1
        assert lists.lmove(DEFAULT_QUEUE, processing, "RIGHT", "LEFT") == GOOD
    assert worker.resume() == 0
    assert lists.lists[FAILED_QUEUE] == [GOOD]
    assert not lists.lists[processing] and not lists.lists[DEFAULT_QUEUE]
    assert not lists.counts[ATTEMPTS_KEY]
    assert "Set aside" in caplog.text


def test_the_attempts_of_a_finished_job_are_forgotten(lists: Lists, worker: Worker) -> None:
    lists.lpush(f"{DEFAULT_QUEUE}:processing:one", GOOD)
    assert worker.resume() == 1
    assert worker.work_once()
    assert not lists.lists[FAILED_QUEUE] and not lists.counts[ATTEMPTS_KEY]
