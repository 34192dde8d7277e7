"""The lock on the engine, held by processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from uuid import uuid4

import pytest

from cosmicdeploy.engine import Engine
from cosmicdeploy.engine.model import Marker
from cosmicdeploy.errors import LockHeld
from cosmicdeploy.lock import look, release
from cosmicdeploy.lock.holder import marker_name, this_process
from tests.stack.harness import ROOT, Done, StackUnderTest
from tests.stack.test_failures import clear, steps_begun, wait_for_step

pytestmark = pytest.mark.stack

SILENCE = 3.0
Holder = subprocess.Popen[str]
Start = Callable[..., Holder]


@pytest.fixture
def project(engine: Engine) -> Iterator[str]:
    name = f"lock-test-{uuid4().hex[:8]}"
    yield name
    if marker := engine.find_claim(marker_name(name)):
        engine.release_claim(marker.id)


@pytest.fixture
def start(project: str) -> Iterator[Start]:
    """Start a process that wants the lock; all are gone at the end."""
    started: list[Holder] = []

    def begin(*options: str) -> Holder:
        argv = [sys.executable, "-m", "tests.stack.lock_holder", project, *options]
        pipe = subprocess.PIPE
        process = subprocess.Popen(argv, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def next_line(process: Holder) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: Holder) -> int:
    """Let it end by itself; its exit code."""
    process.communicate(timeout=60)
    return process.returncode


def winner(holders: list[Holder]) -> Holder:
    """The one that got the lock, the others having been refused it."""
    lines = [next_line(holder) for holder in holders]
    assert lines.count("held") == 1, lines
    won = holders[lines.index("held")]
    assert [end(holder) for holder in holders if holder is not won] == [4] * (len(holders) - 1)
    return won


def of(engine: Engine, project: str) -> Marker:
    marker = engine.find_claim(marker_name(project))
    assert marker is not None
    return marker


def of_another_machine(engine: Engine, project: str) -> Marker:
    """A lock as somebody on another machine would take it."""
    labels: Mapping[str, str] = {**this_process("deploy"), "machine": "elsewhere"}
    marker = engine.claim(marker_name(project), labels)
    assert marker.ours
    return marker


@contextmanager
def beating(engine: Engine, marker: Marker) -> Iterator[None]:
    over = threading.Event()

    def beat() -> None:
        count = 0
        while not over.wait(0.3):
            engine.beat(marker.id, count := count + 1)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()


def test_of_five_at_once_one_gets_it(engine: Engine, project: str, start: Start) -> None:
    won = winner([start() for _ in range(5)])
    assert of(engine, project).labels["pid"] == str(won.pid), "no loser removed the winner's"
    assert end(won) == 0
    assert engine.find_claim(marker_name(project)) is None


def test_a_dead_holder_s_is_taken_over_at_once_by_one(
    engine: Engine, project: str, start: Start
) -> None:
    dead = start()
    assert next_line(dead) == "held"
    dead.kill()
    dead.wait()
    assert look(engine, project).life == "dead"
    won = winner([start() for _ in range(5)])
    assert of(engine, project).labels["pid"] == str(won.pid)


def test_one_elsewhere_is_taken_over_only_after_its_silence(
    engine: Engine, project: str, start: Start
) -> None:
    theirs = of_another_machine(engine, project)
    stale = ("--stale-after", str(SILENCE))
    with beating(engine, theirs):
        refused = start("--wait", "4", *stale)
        assert next_line(refused).startswith("waiting up to 4 s for ")
        assert next_line(refused).startswith("LockHeld: ")
    assert end(refused) == 4
    assert of(engine, project).id == theirs.id
    takers = [start("--wait", "20", *stale) for _ in range(2)]
    assert all(next_line(taker).startswith("waiting") for taker in takers)
    lines = {next_line(taker)[:7] for taker in takers}
    assert lines == {"held", "waiting"}, "the other one waits for the one that took it over"
    assert of(engine, project).id != theirs.id


def test_one_elsewhere_is_never_taken_over_without_looking(
    engine: Engine, project: str, start: Start
) -> None:
    theirs = of_another_machine(engine, project)
    taker = start("--stale-after", str(SILENCE))
    assert "--wait SECONDS" in next_line(taker)
    assert end(taker) == 4
    assert of(engine, project).id == theirs.id


def test_a_frozen_holder_that_thaws_changes_nothing_more(
    engine: Engine, project: str, start: Start
) -> None:
    thing = engine.claim(f"{project}-0", {})
    try:
        frozen = start("--change", thing.id)
        assert next_line(frozen) == "held"
        wait_for_change(engine, thing)
        os.kill(frozen.pid, signal.SIGSTOP)
        taker = start("--wait", "60", "--stale-after", str(SILENCE))
        assert next_line(taker).startswith("waiting")
        assert next_line(taker) == "held"
        name = name_of(engine, thing)
        os.kill(frozen.pid, signal.SIGCONT)
        assert next_line(frozen).startswith("LockLost: "), "it stopped by itself"
        assert end(frozen) == 3
        assert name_of(engine, thing) == name
        assert of(engine, project).labels["pid"] == str(taker.pid), "and left the new one alone"
    finally:
        engine.remove(thing.id)


def name_of(engine: Engine, thing: Marker) -> str:
    found = engine.container(thing.id)
    assert found is not None
    return found.name


def wait_for_change(engine: Engine, thing: Marker) -> None:
    first = name_of(engine, thing)
    while name_of(engine, thing) == first:
        pass


def test_who_waits_gets_it_when_it_is_free(start: Start) -> None:
    first = start()
    assert next_line(first) == "held"
    second = start("--wait", "60")
    assert next_line(second).startswith("waiting up to 60 s for ")
    assert end(first) == 0
    assert next_line(second) == "held"
    assert end(second) == 0


def test_release_refuses_a_living_holder_s(engine: Engine, project: str, start: Start) -> None:
    assert release(engine, project) is None, "it was free"
    living = start()
    assert next_line(living) == "held"
    with pytest.raises(LockHeld, match="cosmicdeploy deploy"):
        release(engine, project)
    living.kill()
    living.wait()
    freed = release(engine, project)
    assert freed is not None and freed.labels["pid"] == str(living.pid)
    assert look(engine, project).life == "free"


def test_release_frees_one_that_is_silent(engine: Engine, project: str) -> None:
    theirs = of_another_machine(engine, project)
    with beating(engine, theirs), pytest.raises(LockHeld):
        release(engine, project, SILENCE)
    freed = release(engine, project, SILENCE)
    assert freed is not None and freed.id == theirs.id


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_frees_it(
    engine: Engine, project: str, start: Start, number: signal.Signals
) -> None:
    holder = start()
    assert next_line(holder) == "held"
    os.kill(holder.pid, number)
    assert holder.wait(timeout=60) == 130
    assert engine.find_claim(marker_name(project)) is None


def test_a_signal_ends_the_waiting(engine: Engine, project: str, start: Start) -> None:
    first = start()
    assert next_line(first) == "held"
    second = start("--wait", "60")
    assert next_line(second).startswith("waiting")
    os.kill(second.pid, signal.SIGTERM)
    assert second.wait(timeout=60) == 130
    assert of(engine, project).labels["pid"] == str(first.pid)


def test_a_frozen_deploy_is_taken_over_and_changes_nothing_more(
    released: StackUnderTest,
) -> None:
    released.set_setting("stale_after: 30", "stale_after: 5")
    released.set_variable("APP_VERSION", "8")
    known = len(steps_begun(released))
    frozen = released.start("deploy")
    wait_for_step(released, "restart", known)
    os.kill(frozen.pid, signal.SIGSTOP)
    try:
        seen = released.cli("lock", "status", "--json").report["data"]
        assert (seen["life"], seen["pid"]) == ("silent", str(frozen.pid))
        second = released.cli("deploy", "--wait", "60", "--json")
        assert second.code == 0, second.stderr
        assert second.report["release"] == "8"
        after = whole_state(released)
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    out, err = frozen.communicate(timeout=120)
    clear(Done(frozen.returncode, out, err), 3, "took the lock over")
    assert whole_state(released) == after
    assert len(released.images()) == 1
    assert released.cli("lock", "release", "--json").report["outcome"] == "unchanged"


def whole_state(stack: StackUnderTest) -> dict[str, object]:
    """The stack, its images' tags, and what is written of its runs."""
    records = list(stack.open().journal.records())
    return {**stack.snapshot(), "records": records}
