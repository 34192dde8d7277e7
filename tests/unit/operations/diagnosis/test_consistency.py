"""No two findings of one run of `diagnose` contradict each other, whatever is broken."""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Process
from cosmicdeploy.operations.diagnosis.consistency import consistent
from cosmicdeploy.operations.diagnosis.diagnose import KNOWN_PROBLEMS, diagnose_all
from cosmicdeploy.operations.diagnosis.finding import (
    Diagnosis,
    Finding,
    KnownProblem,
    Severity,
    problem,
    works,
)
from tests.unit.commands import require_valid
from tests.unit.operations.diagnosis.world import (
    ALL,
    APPS,
    DF,
    REDIS,
    SCHEDULER,
    WORKER,
    World,
    new_world,
)

Fault = Callable[[World], None]
BAD_GATEWAY, FAILS, NO_ANSWER = (502, "bad gateway"), (500, "it fails"), (0, "")
COMMAND = re.compile(r"cosmicdeploy [a-z][^`;,]*")
# What a finding may say about the state of a service's container.
STATE = "paused|exited|running|restarting|unhealthy|starting|healthy"
STATES = re.compile(
    rf"(?<!second )\b({'|'.join(ALL)}) (?:is ({STATE})\b|has (no container)|(runs)\b)"
)


def _state(name: str, **facts: object) -> Fault:
    return lambda world: world.change(name, **facts)


def _gone(name: str) -> Fault:
    def fault(world: World) -> None:
        world.containers.pop(name)

    return fault


def _answer(reply: tuple[int, str], *urls: str) -> Fault:
    return lambda world: world.responses.update(dict.fromkeys(urls, reply))


def _command(name: str, word: str, code: int, text: str = "") -> Fault:
    return lambda world: world.commands.update({(name, word): (code, text)})


def _redis(refusal: str = "", **info: object) -> Fault:
    def fault(world: World) -> None:
        world.refusal = refusal or world.refusal
        world.info |= info

    return fault


def _clock(world: World) -> None:
    world.clock_ahead = 90.0


def _no_process(world: World) -> None:
    world.processes_of[SCHEDULER] = [Process(state="T", command="php schedule:work")]


HERE = tuple(f"http://10.0.0.{number}:80" for number in (3, 4))
FAULTS: Mapping[str, Fault] = {
    **{f"{name} paused": _state(name, status="paused", health="") for name in ALL},
    **{f"{name} ended": _state(name, status="exited", health="", exit_code=137) for name in ALL},
    "app-2 has no container": _gone(APPS[1]),
    "the worker has no container": _gone(WORKER),
    "app-1 unhealthy": _state(APPS[0], health="unhealthy", last_probe="no"),
    "app-2 keeps exiting": _state(APPS[1], status="restarting", health="", restart_count=9),
    "app-1 was restarted": _state(APPS[0], restart_count=1),
    "app-1 answers 502": _answer(BAD_GATEWAY, f"{HERE[0]}/health"),
    "app-2 does not answer": _answer(NO_ANSWER, f"{HERE[1]}/health", f"{HERE[1]}/beat"),
    "the check of app-1 fails": _command(APPS[0], "check", 1, "nothing listens"),
    "app-1 off its network": _state(APPS[0], networks=(), addresses={}),
    "redis off its network": _state(REDIS, networks=()),
    "the proxy answers 502": _answer(BAD_GATEWAY, "http://front/health", "http://front/beat"),
    "heartbeats limited": _answer((429, "slow down"), "http://front/beat"),
    "heartbeats unauthorized": _answer((401, "who?"), "http://front/beat"),
    "heartbeats fail": _answer(FAILS, "http://front/beat", *(f"{h}/beat" for h in HERE)),
    "heartbeats of app-2 fail": _answer(FAILS, "http://front/beat", f"{HERE[1]}/beat"),
    "Redis is full": _redis("OOM command not allowed", used_memory=100 << 20),
    "Redis cannot save": _redis("MISCONF Errors writing", rdb_last_bgsave_status="err"),
    "Redis is a replica": _redis("READONLY You can't write", master_host="a", master_port=1),
    "Redis has refused writes": _redis(errorstat_OOM={"count": 2}),
    "a mount is read-only": _command(APPS[0], "mounts", 0, "read-only - /data\n"),
    "a mount of root": _command(APPS[1], "mounts", 0, "denied root /data\n"),
    "no shell in app-1": _command(APPS[0], "mounts", 127, "no sh"),
    "the log of root": _command(APPS[1], "log", 0, "root /data/app.log"),
    "a full disk": _command(WORKER, "df", 0, f"{DF}/dev/vdb 1000 990 10 99% /data\n"),
    "no df": _command(WORKER, "df", 127, "not found"),
    "the console of app-1 fails": _command(APPS[0], "php", 255, "fatal error"),
    "the scheduler is stopped by a signal": _no_process,
    "the clock is ahead": _clock,
}


def require_consistent(diagnoses: Sequence[Diagnosis]) -> None:
    findings = [finding for each in diagnoses for finding in each.findings]
    working = {n for f in findings if f.describe and f.passes for n in f.services}
    broken = {n for f in findings if not f.passes for n in f.services}
    assert not working & broken, "a service works and does not work"
    passing = [f.description for f in findings if f.severity is Severity.OK]
    assert not [text for text in passing if "in no container" in text]
    states: dict[str, set[str]] = {}
    for finding in findings:
        for name, *words in STATES.findall(finding.description):
            states.setdefault(name, set()).update(filter(None, words))
    assert all(len(each) == 1 for each in states.values()), states
    for each in diagnoses:
        counts = Counter((f.subject, n) for f in each.findings for n in f.services)
        assert not [key for key, count in counts.items() if count > 1], "two answers of one check"


def require_ways_out(findings: Sequence[Finding], world: World) -> None:
    """Assert that what does not pass has advice, and that its commands exist and can work."""
    paused = {name for name, each in world.containers.items() if each.is_paused}
    for finding in findings:
        if not finding.passes:
            assert finding.todo, finding
        for command in COMMAND.findall(finding.todo):
            require_valid(command.strip())
        is_state = finding.subject in ("containers", "container")
        if not finding.passes and is_state and set(finding.services) & paused:
            commands = [each.command for each in finding.remedies]
            assert finding.todo == "cosmicdeploy up" and commands == ["up"], finding


def require_seen(findings: Sequence[Finding], names: Sequence[str]) -> None:
    """Assert that a fault is not answered by `ok` alone."""
    assert any(f.severity is not Severity.OK for f in findings), names


def _cases() -> list[tuple[str, ...]]:
    """Return each fault, all pairs, and some sets of up to eight, in the same order each time."""
    some = random.Random(19)  # noqa: S311 - the same cases in each run
    pairs = itertools.combinations(FAULTS, 2)
    many = (some.sample(sorted(FAULTS), some.randint(3, 8)) for _ in range(300))
    return [*((name,) for name in FAULTS), *pairs, *map(tuple, many)]


@pytest.mark.parametrize(
    "every", [5, pytest.param(1, marks=pytest.mark.torture)], ids=["a fifth", "all"]
)
def test_no_two_findings_exclude_each_other(opened: Callable[[World], Context], every: int) -> None:
    for names in _cases()[::every]:
        world = new_world()
        gone = [name for name in names if FAULTS[name].__qualname__.startswith("_gone")]
        for name in (*(n for n in names if n not in gone), *gone):  # what is gone has no state
            FAULTS[name](world)
        diagnoses = diagnose_all(opened(world), KNOWN_PROBLEMS.values())
        findings = [finding for each in diagnoses for finding in each.findings]
        try:
            require_consistent(diagnoses)
            require_ways_out(findings, world)
            require_seen(findings, names)
        except AssertionError as error:
            lines = "\n".join(f"{f.severity} {f.subject}: {f.description}" for f in findings)
            raise AssertionError(f"{names}: {error}\n{lines}") from error


def test_nothing_is_wrong_in_a_sound_stack(opened: Callable[[World], Context]) -> None:
    diagnoses = diagnose_all(opened(new_world()), KNOWN_PROBLEMS.values())
    bad = [f for each in diagnoses for f in each.findings if f.severity is not Severity.OK]
    assert bad == []


def test_nothing_is_called_sound_if_no_container_runs(opened: Callable[[World], Context]) -> None:
    for status in ("paused", "exited"):
        world = new_world()
        for name in ALL:
            world.change(name, status=status, health="")
        world.responses = {"http://front": NO_ANSWER}
        diagnoses = diagnose_all(opened(world), KNOWN_PROBLEMS.values())
        require_consistent(diagnoses)
        passing = {each.problem.name for each in diagnoses if each.passes}
        assert passing <= {"migration", "database-load", "storage", "clock"}, passing


def _of(*findings: Finding) -> Diagnosis:
    known = KnownProblem(name="t", about="a test", checks={})
    return Diagnosis(problem=known, findings=findings)


def test_a_finding_leaves_out_what_another_finding_calls_broken() -> None:
    running = works("containers", ["a", "b", "c"], lambda n: f"{len(n)} of 3 run")
    broken = problem("answers", "b: 502", "cosmicdeploy restart b", services=["b"])
    [first, second] = consistent([_of(running), _of(broken)])
    assert first.findings[0].description == "2 of 3 run; b: see answers"
    assert first.findings[0].services == ("a", "c")
    assert second.findings == [broken]


def test_a_finding_about_broken_services_alone_is_dropped() -> None:
    running = works("container", ["a"], "a runs")
    broken = problem("process", "a is stopped", "cosmicdeploy restart a", services=["a"])
    [only] = consistent([_of(running, broken)])
    assert only.findings == [broken]


def test_a_problem_without_another_finding_names_the_one_elsewhere() -> None:
    accepted = works("heartbeat", ["proxy"], "200 from http://front")
    broken = problem("containers", "proxy is unhealthy", "x", services=["proxy"])
    [first, second] = consistent([_of(accepted), _of(broken)])
    assert [each.description for each in first.findings] == [
        "this check passes; proxy: see containers"
    ]
    assert first.findings[0].describe is None and second.findings == [broken]


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_alone(opened: Callable[[World], Context], name: str) -> None:
    world = new_world()
    FAULTS[name](world)
    diagnoses = diagnose_all(opened(world), KNOWN_PROBLEMS.values())
    require_seen([f for each in diagnoses for f in each.findings], [name])
