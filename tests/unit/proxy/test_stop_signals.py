"""Whether a container's first process obeys its stop signal, and how many jobs it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy import ignores_stop_signal
from cosmicdeploy.proxy.stop_signals import running_jobs, signal_number
from tests.unit.proxy.engine import ScriptedEngine, replicas_and_proxy

TERM, QUIT = 1 << 14, 1 << 2


def status(
    name: str = "sh", parent: int = 0, *, blocked: int = 0, ignored: int = 0, caught: int = 0
) -> str:
    return process(name, 1 if parent == 0 else 9, parent) + (
        "SigQ:\t0/31394\nSigPnd:\t0000000000000000\n"
        f"SigBlk:\t{blocked:016x}\nSigIgn:\t{ignored:016x}\nSigCgt:\t{caught:016x}\n"
    )


def process(name: str, pid: int, parent: int, state: str = "S (sleeping)") -> str:
    return f"Name:\t{name}\nState:\t{state}\nPid:\t{pid}\nPPid:\t{parent}\n"


def ignores_signal(ctx: Any) -> bool:
    return ignores_stop_signal(ctx, ctx.service("app-1"), ctx.container("app-1"))


@pytest.mark.parametrize(
    ("masks", "signal", "expected"),
    [
        ({}, "", True),
        ({"ignored": TERM}, "", True),
        ({"caught": TERM}, "", False),
        ({"blocked": TERM}, "", False),
        ({"caught": TERM}, "SIGQUIT", True),
        ({"caught": QUIT}, "SIGQUIT", False),
    ],
)
def test_a_process_obeys_only_a_stop_signal_that_it_handles_or_blocks(
    stack_of: Callable[..., Any], masks: dict[str, int], signal: str, expected: bool
) -> None:
    engine = ScriptedEngine(
        replicas_and_proxy(stop_signal=signal), {("app-1", "cat"): status(**masks)}
    )
    assert ignores_signal(stack_of(engine)) is expected


@pytest.mark.parametrize(("caught", "expected"), [(TERM, False), (0, True)])
def test_the_child_of_an_init_process_has_to_handle_the_signal(
    stack_of: Callable[..., Any], caught: int, expected: bool
) -> None:
    init = status("docker-init")
    all_processes = init + status("python3", 1, caught=caught) + status("worker", 7)
    engine = ScriptedEngine(
        replicas_and_proxy(), {("app-1", "cat"): init, ("app-1", "sh"): all_processes}
    )
    assert ignores_signal(stack_of(engine)) is expected


SCHEDULER, EXEC_PROCESSES = process("php", 1, 0), process("sh", 40, 0) + process("cat", 41, 40)


@pytest.mark.parametrize(
    ("processes", "jobs"),
    [
        (SCHEDULER + EXEC_PROCESSES, 0),
        (SCHEDULER + process("php", 7, 1) + process("php", 9, 7) + EXEC_PROCESSES, 1),
        (SCHEDULER + process("php", 7, 1, "Z (zombie)"), 0),
        (process("tini", 1, 0) + process("php", 7, 1), 0),
        (process("tini", 1, 0) + process("php", 7, 1) + process("php", 8, 7), 1),
    ],
)
def test_jobs_are_the_children_of_the_containers_command(
    stack_of: Callable[..., Any], processes: str, jobs: int
) -> None:
    engine = ScriptedEngine(replicas_and_proxy(), {("app-1", "sh"): processes})
    assert running_jobs(stack_of(engine), engine.containers["app-1"]) == jobs


def test_an_unreadable_process_is_an_error(stack_of: Callable[..., Any]) -> None:
    with pytest.raises(EngineError, match="Cannot read which signals"):
        ignores_signal(stack_of(ScriptedEngine(replicas_and_proxy())))


def test_a_signal_is_given_by_name_or_number() -> None:
    assert [signal_number(name) for name in ("SIGTERM", "term", "15")] == [15, 15, 15]
    assert signal_number("SIGRTMIN+3") == 37
    with pytest.raises(EngineError, match="no signal"):
        signal_number("SIGNOTHING")
