"""Checks run side by side; one that fails, hangs or is interrupted hides nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Image
from cosmicdeploy.errors import EngineError
from cosmicdeploy.operations.doctor.checks.requests import stop_signals, stop_trial
from cosmicdeploy.operations.doctor.examine import examine
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome, Unchecked, Verdict
from tests.unit.operations.doctor.world import Program, World, opened

pytestmark = pytest.mark.unit
FLAW = Flaw(stake="requests", loses="requests", why="because", todo="do")


def check(name: str, run: Callable[[Context], Outcome], seconds: float = 10.0) -> Check:
    return Check(name=name, about=name, run=run, seconds=seconds)


def raises(error: Exception) -> Callable[[Context], Outcome]:
    def run(_ctx: Context) -> Outcome:
        raise error

    return run


def test_a_check_that_cannot_be_made_is_named_with_the_reason(tmp_path: Path) -> None:
    refused = EngineError("The engine says no", where="web", todo="ask again")
    results = examine(
        opened(tmp_path, World()),
        [
            check("refused", raises(refused)),
            check("bug", raises(ZeroDivisionError("x"))),
            check("fine", lambda _ctx: Outcome(found="all")),
        ],
    )
    verdicts = [each.outcome.verdict for each in results]
    assert verdicts == [Verdict.NOT_CHECKED, Verdict.NOT_CHECKED, Verdict.HOLDS]
    [unchecked] = results[0].outcome.unchecked
    assert (unchecked.why, unchecked.todo) == ("The engine says no (web)", "ask again")
    assert "Unexpected ZeroDivisionError" in results[1].outcome.unchecked[0].why


def test_a_check_that_does_not_end_is_given_up_and_holds_nothing_up(tmp_path: Path) -> None:
    never = threading.Event()

    def hangs(_ctx: Context) -> Outcome:
        never.wait(60)
        return Outcome()

    began = time.monotonic()
    slow, quick = examine(
        opened(tmp_path, World()),
        [check("slow", hangs, seconds=0.1), check("quick", lambda _ctx: Outcome(found="x"))],
    )
    never.set()
    assert time.monotonic() - began < 10
    assert "no result within 0 s" in slow.outcome.unchecked[0].why
    assert quick.outcome.found == "x"


def test_a_trial_that_is_given_up_still_removes_its_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop_trial, "STARTS_WITHIN_SECONDS", 60.0)
    world = World(images={"shop/app": Image(id="sha256:1")})
    world.programs = dict.fromkeys(("serve", "work"), Program(handles=False))
    [result] = examine(opened(tmp_path, world), [replace(stop_signals.CHECK, seconds=0.5)])
    assert result.outcome.verdict is Verdict.NOT_CHECKED
    assert world.created and sorted(world.discarded) == sorted(world.created)
    assert not world.stopped


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome(found="x"), Verdict.HOLDS),
        (Outcome(found="x", unchecked=(Unchecked(why="y"),)), Verdict.NOT_CHECKED),
        (Outcome(flaws=(replace(FLAW, stake="time"),)), Verdict.WARNS),
        (Outcome(flaws=(replace(FLAW, stake="note"),)), Verdict.WARNS),
        (Outcome(flaws=(FLAW, replace(FLAW, stake="time"))), Verdict.LOSES),
    ],
)
def test_only_what_costs_more_than_time_fails(outcome: Outcome, verdict: Verdict) -> None:
    assert outcome.verdict is verdict


def test_the_worst_flaw_comes_first() -> None:
    flaws = (replace(FLAW, stake="time"), FLAW, replace(FLAW, stake="data"))
    facts = Outcome(flaws=flaws).facts()
    assert [each["stake"] for each in facts["flaws"]] == ["data", "requests", "time"]
