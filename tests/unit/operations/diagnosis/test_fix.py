"""`diagnose --fix`: which remedies are applied, and when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import (
    CosmicError,
    LockHeld,
)
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.operations.diagnosis import fix
from cosmicdeploy.operations.diagnosis.diagnose import diagnose
from cosmicdeploy.operations.diagnosis.finding import (
    Check,
    Finding,
    KnownProblem,
    Remedy,
    ok,
    problem,
)
from cosmicdeploy.operations.diagnosis.fix import Fix, FixOptions
from cosmicdeploy.playbook import Playbook
from cosmicdeploy.report.views.diagnosis import show_diagnosis
from cosmicdeploy.runs.execute import Recorder


def known_problem(*checks: Check) -> KnownProblem:
    return KnownProblem(name="t", about="a test", checks={f"c{n}": c for n, c in enumerate(checks)})


def remedy(command: str) -> Remedy:
    kind = RunKind.DEPLOY if command == "deploy" else RunKind.OTHER
    return Remedy(description=command, command=command, kind=kind, effect_within=0)


def no_playbook(_name: str) -> Playbook:
    raise AssertionError("no remedy here is a playbook")


class FakeProblem:
    """A problem until the remedy `helps` is applied.

    `applied` holds the applied remedies, `recorded` those that record a baseline.
    """

    def __init__(self, helps: str, *offered: str) -> None:
        self.helps, self.offered, self.applied = helps, offered, list[str]()
        self.recorded: list[str] = []
        self.error: CosmicError | None = None

    def check(self, _ctx: Context) -> Iterator[Finding]:
        if self.helps in self.applied:
            yield ok("web", "is well")
        else:
            yield problem("web", "is broken", "", remedies=[remedy(s) for s in self.offered])

    def execute(
        self,
        _ctx: Context,
        command: RunCommand,
        _steps: Any,
        _wait: float,
        recorder: Recorder | None,
    ) -> Any:
        self.applied.append(command.line)
        self.recorded += [command.line] if recorder else []
        return SimpleNamespace(error=self.error), None


def run_fix(
    ctx: Context, target: FakeProblem, patch: pytest.MonkeyPatch, *, agree: bool = True
) -> tuple[Fix, bool]:
    patch.setattr(fix, "execute", target.execute)
    options = FixOptions(agree=lambda _: agree, playbook=no_playbook, display=nullcontext)
    fixed = Fix(ctx=ctx, options=options)
    diagnoses = fixed.run([diagnose(ctx, known_problem(target.check))])
    return fixed, all(each.passes for each in diagnoses)


def test_remedies_are_tried_until_one_helps(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    target = FakeProblem("second", "first", "second", "third")
    fixed, well = run_fix(ctx, target, monkeypatch)
    assert well and target.applied == ["first", "second"]
    assert [each.facts()["applied"] for each in fixed.attempts] == [True, True]


def test_each_remedy_is_tried_once_even_if_the_problem_remains(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = FakeProblem("nothing", "first", "second")
    target.error = CosmicError("it cannot be done")
    fixed, well = run_fix(ctx, target, monkeypatch)
    assert not well and target.applied == ["first", "second"]
    assert fixed.attempts[0].facts()["error"] == "it cannot be done"


def test_a_declined_remedy_is_offered_once_and_not_applied(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = FakeProblem("first", "first")
    fixed, well = run_fix(ctx, target, monkeypatch, agree=False)
    assert not well and target.applied == [] and len(fixed.attempts) == 1


def test_another_runs_lock_ends_the_fix(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    target = FakeProblem("second", "first", "second")
    target.error = LockHeld("`cosmicdeploy deploy` holds the lock")
    with pytest.raises(LockHeld):
        run_fix(ctx, target, monkeypatch)
    assert target.applied == ["first"]


def test_a_deploy_as_a_remedy_records_the_baseline(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = FakeProblem("deploy", "diagnose --fix", "deploy")
    run_fix(ctx, target, monkeypatch)
    assert target.applied == ["diagnose --fix", "deploy"] and target.recorded == ["deploy"]


def test_diagnose_fix_does_not_advise_diagnose_fix() -> None:
    finding = problem("file", "it is missing", "cosmicdeploy diagnose command --fix").facts()
    facts = {"trouble": "command", "about": "it is not found", "findings": [finding]}
    for fixing in (False, True):
        out = StringIO()
        show_diagnosis(Console(file=out, width=80), [facts], fixing=fixing)
        assert "it is missing" in out.getvalue()
        assert ("--fix" in out.getvalue()) is not fixing
