"""Scheduler and workers during a deploy with a migration, by their own logs."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import docker
import pytest

from cosmicdeploy.steps.containers.maintenance.quiesce import QuiesceStep
from cosmicdeploy.steps.schema.migrate import MigrateStep
from tests.stack.release.failures.test_failures import started_steps, wait_for_step
from tests.stack.release.failures.test_kills import next_release, remove_migrations
from tests.stack.release.test_steps import outcome
from tests.stack.support.harness import StackUnderTest

__all__ = ["remove_migrations"]

pytestmark = pytest.mark.stack

SCHEDULER, WORKER = "cosmic-scheduler", "cosmic-queue-1"
SERVICE = "com.docker.compose.service"
BEGUN, DONE = re.compile(r"Processing: Probe (\S+)"), re.compile(r"Processed:  Probe (\S+)")
LIFE = re.compile(r"worker (started|stopped): release (\S+) in")
MINUTE = re.compile(r"\[(.{16}):\d\d\] Running scheduled command: Artisan (\S+)")


@dataclass
class Log:
    """The shared file that a service's containers append to, one after the other."""

    stack: StackUnderTest
    service: str
    start: int = 0

    def __post_init__(self) -> None:
        self.start = len(self._all())

    def _all(self) -> list[str]:
        path = self.stack.folder / "data-kiosk" / "logs" / self.service / "laravel.log"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def lines(self) -> list[str]:
        """Return the lines since this object was created."""
        return self._all()[self.start :]

    def found(self, pattern: re.Pattern[str]) -> list[Any]:
        return [groups for line in self.lines for groups in pattern.findall(line)]


@dataclass
class Lives:
    """Starts and ends of a project's containers, in the order of the engine's events."""

    events: list[tuple[str, str]] = field(default_factory=list)

    def of(self, service: str) -> list[str]:
        return [action for name, action in self.events if name == service]


@contextmanager
def lives(project: str) -> Iterator[Lives]:
    seen, client = Lives(), docker.from_env()
    label = f"com.docker.compose.project={project}"
    stream = client.events(
        decode=True,
        filters={"type": "container", "event": ["start", "die"], "label": label},
    )

    def follow() -> None:
        for event in stream:
            service = event["Actor"]["Attributes"].get(SERVICE, "")
            if "run" not in event["Actor"]["Attributes"].get("name", ""):
                seen.events.append((service, event["Action"]))

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stream.close()
        thread.join(5)
        client.close()


def queue(stack: StackUnderTest, count: int, seconds: float) -> list[str]:
    """Ids of jobs that an app of the present release queued."""
    ctx = stack.open()
    command = ctx.console("queue:probe", str(count), f"--seconds={seconds}")
    result = ctx.engine.exec(ctx.any_app().id, command)
    assert result.exit_code == 0, result.error_text
    return result.text.split()


def wait_done(log: Log, jobs: list[str], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while missing := set(jobs) - set(log.found(DONE)):
        assert time.monotonic() < until, f"never done: {missing}"
        time.sleep(0.2)


def test_jobs_and_minutes_are_done_once_over_a_deploy_with_a_migration(
    released: StackUnderTest,
) -> None:
    next_release(released, 900)
    worker, scheduler = Log(released, WORKER), Log(released, SCHEDULER)
    known = len(started_steps(released))
    with lives(released.open().stack.project) as seen:
        process = released.start("deploy", "--json")
        wait_for_step(released, "backup", known)
        jobs = queue(released, 5, 2)
        wait_for_step(released, "migrate", known)
        late = queue(released, 3, 0.1)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err + out
        wait_done(worker, jobs + late)
    it_was_done_once(worker, jobs, late)
    it_was_never_two(scheduler, seen)


def it_was_done_once(log: Log, jobs: list[str], late: list[str]) -> None:
    """The job in progress was finished: each `Processing` is followed by its `Processed`."""
    assert sorted(log.found(DONE)) == sorted(log.found(BEGUN)) == sorted(jobs + late)
    assert log.found(LIFE)[:2] == [("stopped", "2"), ("started", "torture-900")]
    text = "\n".join(log.lines)
    stopped = text.index("worker stopped: release 2")
    before, after = text[:stopped], text[stopped:]
    assert set(BEGUN.findall(before)) == set(DONE.findall(before)), "the job in hand was ended"
    assert set(late) <= set(DONE.findall(after)), "old code queued them, new code did them"


def it_was_never_two(log: Log, seen: Lives) -> None:
    assert log.found(LIFE) == [("stopped", "2"), ("started", "torture-900")]
    assert seen.of(SCHEDULER) == ["die", "start"]
    assert seen.of(WORKER) == ["die", "start"]
    minutes = log.found(MINUTE)
    assert len(minutes) == len(set(minutes)), "no minute twice"


def test_the_next_scheduler_does_not_repeat_a_minute(released: StackUnderTest) -> None:
    log, ctx = Log(released, SCHEDULER), released.open()
    started = time.time()
    for _ in range(2):
        result = ctx.engine.exec(ctx.running(SCHEDULER).id, ctx.console("schedule:run"))
        assert result.exit_code == 0, result.error_text
    minutes = log.found(MINUTE)
    assert len(minutes) == len(set(minutes)) <= int(time.time() // 60 - started // 60) + 1


def test_a_job_whose_worker_was_killed_is_done_by_another(released: StackUnderTest) -> None:
    """The job is started again, so it is done at least once and never lost."""
    log, ctx = Log(released, WORKER), released.open()
    job = job_in_hand(released, log)
    container = ctx.running(WORKER)
    ctx.engine.stop(container.id, 0)
    ctx.engine.start(container.id)
    wait_done(log, [job])
    assert (log.found(BEGUN), log.found(DONE)) == ([job, job], [job])


def job_in_hand(stack: StackUnderTest, log: Log) -> str:
    (job,) = queue(stack, 1, 5)
    until = time.monotonic() + 120
    while job not in log.found(BEGUN):
        assert time.monotonic() < until, "no worker took the job"
        time.sleep(0.1)
    return job


def test_quiesced_workers_finish_their_job_and_no_client_is_turned_away(
    released: StackUnderTest,
) -> None:
    ctx, log = released.open(), Log(released, WORKER)
    step = QuiesceStep(name="quiesce workers", roles=("scheduler", "worker"))
    assert outcome(ctx, step) == "unchanged", "no migration comes"
    before = {name: (c.id, c.is_running) for name, c in released.containers().items()}
    ahead = ctx.with_steps_ahead([MigrateStep(name="migrate")])
    change = step.check(ahead)
    assert change.before["containers"].keys() == {SCHEDULER, WORKER}  # type: ignore[union-attr]
    job = job_in_hand(released, log)
    step.apply(ahead, change)  # type: ignore[arg-type]
    try:
        assert log.found(DONE) == [job]
        assert released.health().status == 200
        assert step.check(ahead).reason == "no scheduler and no worker runs"  # type: ignore[union-attr]
    finally:
        step.undo(ahead, change)  # type: ignore[arg-type]
    after = {name: (c.id, c.is_running) for name, c in released.containers().items()}
    assert after == before


def test_a_job_that_is_no_text_is_set_aside_and_the_worker_continues(
    released: StackUnderTest,
) -> None:
    log, ctx = Log(released, WORKER), released.open()
    before = released.lives()[WORKER]
    push = r"printf '\377\376' | redis-cli -x LPUSH cosmic:queue:default"
    result = ctx.engine.exec(ctx.running("platform-redis").id, ["sh", "-c", push])
    assert result.exit_code == 0, result.error_text
    wait_done(log, queue(released, 1, 0))
    assert log.found(re.compile(r"Set aside:  a job of \d bytes: it is not UTF-8"))
    assert released.lives()[WORKER] == before
