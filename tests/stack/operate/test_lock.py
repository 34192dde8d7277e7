"""The lock on the engine, held by separate processes."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import uuid4

import pytest

from cosmicdeploy.engine import Engine
from cosmicdeploy.engine.facts import Marker
from cosmicdeploy.errors import EngineError, LockHeld
from cosmicdeploy.lock import hold_lock, inspect_lock, release_stale
from cosmicdeploy.lock.holder import marker_name, this_process
from tests.stack.release.failures.test_failures import require_error, started_steps, wait_for_step
from tests.stack.support.harness import ROOT, Done, StackUnderTest

pytestmark = pytest.mark.stack

SILENCE = 3.0


class Holder:
    """A process that acquires the lock, and the lines that it prints."""

    def __init__(self, argv: Sequence[str]) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(argv, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        self.pid = self.process.pid
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line.strip())

    def says(self) -> str:
        """Return its next line."""
        return self._lines.get(timeout=60)

    def end(self) -> int:
        """Let it end by itself; return its exit code."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        return self.process.wait(timeout=60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


Start = Callable[..., Holder]


@pytest.fixture
def project(engine: Engine) -> Iterator[str]:
    name = f"lock-test-{uuid4().hex[:8]}"
    yield name
    if marker := engine.find_marker(marker_name(name)):
        engine.remove_marker(marker.id)


@pytest.fixture
def start(project: str) -> Iterator[Start]:
    """Start processes that acquire the lock; all are killed at the end."""
    started: list[Holder] = []

    def begin(*options: str, under: Sequence[str] = ()) -> Holder:
        module = "tests.stack.support.processes.lock_holder"
        argv = [*under, sys.executable, "-m", module, project, *options]
        started.append(Holder(argv))
        return started[-1]

    yield begin
    for holder in started:
        holder.kill()


def winner(holders: list[Holder]) -> Holder:
    """Return the process that got the lock; the others were refused."""
    lines = [holder.says() for holder in holders]
    assert lines.count("held") == 1, lines
    won = holders[lines.index("held")]
    assert [holder.end() for holder in holders if holder is not won] == [4] * (len(holders) - 1)
    return won


def of(engine: Engine, project: str) -> Marker:
    marker = engine.find_marker(marker_name(project))
    assert marker is not None
    return marker


def of_another_machine(engine: Engine, project: str) -> Marker:
    """A lock as a run on another machine would hold it."""
    labels: Mapping[str, str] = {**this_process("deploy"), "machine": "elsewhere"}
    marker = engine.claim_marker(marker_name(project), labels)
    assert marker.is_own
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
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.fault("several runs at once")
def test_one_of_five_processes_gets_the_lock(engine: Engine, project: str, start: Start) -> None:
    won = winner([start() for _ in range(5)])
    assert of(engine, project).labels["pid"] == str(won.pid), "no loser removed the winner's"
    assert won.end() == 0
    assert engine.find_marker(marker_name(project)) is None


@pytest.mark.fault("lock of a dead run")
def test_a_dead_holders_lock_is_taken_over_at_once_by_one_run(
    engine: Engine, project: str, start: Start
) -> None:
    dead = start()
    assert dead.says() == "held"
    dead.kill()
    assert inspect_lock(engine, project).life == "dead"
    won = winner([start() for _ in range(5)])
    assert of(engine, project).labels["pid"] == str(won.pid)


@pytest.mark.fault("foreign container under the lock's name")
def test_a_foreign_container_with_the_locks_name_stays(
    engine: Engine, project: str, start: Start
) -> None:
    foreign = engine.claim_marker(marker_name(project), {"app": "shop"})
    taker = start("--wait", "10", "--stale-after", "0.5")
    assert taker.says().startswith("EngineError: A container that is not a lock")
    assert taker.end() == 1
    with pytest.raises(EngineError, match=r"is not a lock of cosmicdeploy"):
        release_stale(engine, project, 0.5)
    assert of(engine, project).id == foreign.id


@pytest.mark.fault("lock of a dead run")
def test_a_remote_holders_lock_is_taken_over_only_once_it_is_stale(
    engine: Engine, project: str, start: Start
) -> None:
    theirs = of_another_machine(engine, project)
    stale = ("--stale-after", str(SILENCE))
    with beating(engine, theirs):
        refused = start("--wait", "4", *stale)
        assert refused.says().startswith("waiting up to 4 s for ")
        assert refused.says().startswith("LockHeld: ")
    assert refused.end() == 4
    assert of(engine, project).id == theirs.id
    takers = [start("--wait", "20", *stale) for _ in range(2)]
    assert all(taker.says().startswith("waiting") for taker in takers)
    lines = {taker.says()[:7] for taker in takers}
    assert lines == {"held", "waiting"}, "the other one waits for the one that took it over"
    assert of(engine, project).id != theirs.id


def test_a_remote_holders_lock_is_never_taken_over_unobserved(
    engine: Engine, project: str, start: Start
) -> None:
    theirs = of_another_machine(engine, project)
    taker = start("--stale-after", str(SILENCE))
    assert "--wait SECONDS" in taker.says()
    assert taker.end() == 4
    assert of(engine, project).id == theirs.id


def test_a_holder_in_another_container_of_this_machine_is_not_dead(start: Start) -> None:
    # Its process number means another process here, or none.
    inside = start(under=["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"])
    assert inside.says() == "held"
    refused = start()
    assert refused.says().startswith("LockHeld: ")
    assert inside.end() == 0


@pytest.mark.fault("holder frozen, taken over, thawed")
def test_a_frozen_holder_that_resumes_changes_nothing_more(
    engine: Engine, project: str, start: Start
) -> None:
    thing = engine.claim_marker(f"{project}-0", {})
    try:
        frozen = start("--change", thing.id)
        assert frozen.says() == "held"
        wait_for_change(engine, thing)
        os.kill(frozen.pid, signal.SIGSTOP)
        taker = start("--wait", "60", "--stale-after", str(SILENCE))
        assert taker.says().startswith("waiting")
        assert taker.says() == "held"
        name = name_of(engine, thing)
        os.kill(frozen.pid, signal.SIGCONT)
        assert frozen.says().startswith("LockLost: "), "it stopped by itself"
        assert frozen.end() == 3
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


def test_a_waiting_run_gets_the_lock_when_it_is_free(start: Start) -> None:
    first = start()
    assert first.says() == "held"
    second = start("--wait", "60")
    assert second.says().startswith("waiting up to 60 s for ")
    assert first.end() == 0
    assert second.says() == "held"
    assert second.end() == 0


def test_release_refuses_a_living_holders_lock(engine: Engine, project: str, start: Start) -> None:
    assert release_stale(engine, project) is None, "it was free"
    living = start()
    assert living.says() == "held"
    with pytest.raises(LockHeld, match="cosmicdeploy deploy"):
        release_stale(engine, project)
    living.kill()
    freed = release_stale(engine, project)
    assert freed is not None and freed.labels["pid"] == str(living.pid)
    assert inspect_lock(engine, project).life == "free"


def test_release_frees_a_stale_lock(engine: Engine, project: str) -> None:
    theirs = of_another_machine(engine, project)
    with beating(engine, theirs), pytest.raises(LockHeld):
        release_stale(engine, project, SILENCE)
    freed = release_stale(engine, project, SILENCE)
    assert freed is not None and freed.id == theirs.id


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.fault("SIGINT, SIGTERM, SIGHUP")
def test_a_signal_frees_the_lock(
    engine: Engine, project: str, start: Start, number: signal.Signals
) -> None:
    holder = start()
    assert holder.says() == "held"
    os.kill(holder.pid, number)
    assert holder.process.wait(timeout=60) == 130
    assert engine.find_marker(marker_name(project)) is None


def test_a_signal_ends_the_waiting(engine: Engine, project: str, start: Start) -> None:
    first = start()
    assert first.says() == "held"
    second = start("--wait", "60")
    assert second.says().startswith("waiting")
    os.kill(second.pid, signal.SIGTERM)
    assert second.process.wait(timeout=60) == 130
    assert of(engine, project).labels["pid"] == str(first.pid)


def test_status_names_the_lock_holder(released: StackUnderTest) -> None:
    ctx = released.open()
    with hold_lock(ctx.engine, ctx.stack.project, "deploy"):
        shown = released.cli("status", COLUMNS="80").stdout
    assert "in progress: `cosmicdeploy deploy`" in shown
    assert f"process {os.getpid()}, since " in shown
    assert max(map(len, shown.partition("in progress")[0].splitlines())) <= 80
    assert "at work" not in released.cli("status").stdout


@pytest.mark.torture
@pytest.mark.fault("holder frozen, taken over, thawed")
def test_a_frozen_deploy_is_taken_over_and_changes_nothing_more(
    released: StackUnderTest,
) -> None:
    released.set_setting("stale_after: 30", "stale_after: 5")
    released.set_variable("APP_VERSION", "8")
    known = len(started_steps(released))
    frozen = released.start("deploy")
    wait_for_step(released, "rollout", known)
    wait_until_rolling(released)
    os.kill(frozen.pid, signal.SIGSTOP)
    try:
        seen = released.cli("lock", "status", "--json").report["data"]
        assert (seen["life"], seen["pid"]) == ("silent", str(frozen.pid))
        second = released.cli("deploy", "--wait", "60", "--json")
        assert second.code == 0, second.stderr
        assert second.report["release"] == "8"
        assert f"process {frozen.pid}" in second.stderr, (
            "the second run names the process that holds the lock"
        )
        after = whole_state(released)
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    out, err = frozen.communicate(timeout=120)
    require_error(Done(frozen.returncode, out, err), 3, "took the lock over")
    assert whole_state(released) == after
    assert len(released.images()) == 1
    assert released.cli("lock", "release", "--json").report["outcome"] == "unchanged"


def wait_until_rolling(stack: StackUnderTest) -> None:
    """Wait until a replica is set aside, when some replicas are new and some old."""
    ctx, until = stack.open(), time.monotonic() + 60
    while time.monotonic() < until:
        if any("-before-" in c.name for c in ctx.engine.containers(ctx.stack.project)):
            return
    raise AssertionError("no replica was replaced")


def whole_state(stack: StackUnderTest) -> dict[str, object]:
    """The stack, its images' tags, and its journal."""
    records = list(stack.open().journal.records())
    return {**stack.snapshot(), "records": records}
