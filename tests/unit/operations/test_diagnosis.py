"""Diagnoses: errors as findings, the remedies that are tried, and the parsing of output."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from cosmicdeploy.context import Context
from cosmicdeploy.errors import (
    CosmicError,
    DatabaseError,
    EngineUnavailable,
    LockHeld,
    UsageError,
)
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.operations.diagnosis import fix
from cosmicdeploy.operations.diagnosis.checks.command import lists_command
from cosmicdeploy.operations.diagnosis.checks.last_run import MAX_RUN_AGE, is_stale
from cosmicdeploy.operations.diagnosis.checks.migration import migrator
from cosmicdeploy.operations.diagnosis.checks.session_owner import shorten_statement
from cosmicdeploy.operations.diagnosis.diagnose import KNOWN_PROBLEMS, diagnose, select_problems
from cosmicdeploy.operations.diagnosis.finding import (
    Check,
    Finding,
    KnownProblem,
    Remedy,
    ok,
    problem,
    warning,
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
    """A problem until the remedy `helps` is applied; `done` holds the applied remedies, `recorded`
    those that record a baseline."""

    def __init__(self, helps: str, *offered: str) -> None:
        self.helps, self.offered, self.done = helps, offered, list[str]()
        self.recorded: list[str] = []
        self.error: CosmicError | None = None

    def check(self, _ctx: Context) -> Iterator[Finding]:
        if self.helps in self.done:
            yield ok("it", "is well")
        else:
            yield problem("it", "is broken", "", remedies=[remedy(s) for s in self.offered])

    def execute(
        self,
        _ctx: Context,
        command: RunCommand,
        _steps: Any,
        _wait: float,
        recorder: Recorder | None,
    ) -> Any:
        self.done.append(command.line)
        self.recorded += [command.line] if recorder else []
        return SimpleNamespace(error=self.error), None


def run_fix(
    ctx: Context, target: FakeProblem, patch: pytest.MonkeyPatch, *, agree: bool = True
) -> tuple[Fix, bool]:
    patch.setattr(fix, "execute", target.execute)
    options = FixOptions(agree=lambda _: agree, playbook=no_playbook, display=nullcontext)
    fixed = Fix(ctx=ctx, options=options)
    found = fixed.run([diagnose(ctx, known_problem(target.check))])
    return fixed, all(each.passes for each in found)


def test_remedies_are_tried_until_one_helps(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    target = FakeProblem("second", "first", "second", "third")
    fixed, well = run_fix(ctx, target, monkeypatch)
    assert well and target.done == ["first", "second"]
    assert [each.facts()["applied"] for each in fixed.attempts] == [True, True]


def test_each_remedy_is_tried_once_even_if_the_problem_remains(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = FakeProblem("nothing", "first", "second")
    target.error = CosmicError("it cannot be done")
    fixed, well = run_fix(ctx, target, monkeypatch)
    assert not well and target.done == ["first", "second"]
    assert fixed.attempts[0].facts()["error"] == "it cannot be done"


def test_a_declined_remedy_is_asked_about_once_and_not_applied(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = FakeProblem("first", "first")
    fixed, well = run_fix(ctx, target, monkeypatch, agree=False)
    assert not well and target.done == [] and len(fixed.attempts) == 1


def test_another_runs_lock_ends_the_fix(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    target = FakeProblem("second", "first", "second")
    target.error = LockHeld("`cosmicdeploy deploy` is at work")
    with pytest.raises(LockHeld):
        run_fix(ctx, target, monkeypatch)
    assert target.done == ["first"]


def test_a_deploy_as_a_remedy_records_the_baseline(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = FakeProblem("deploy", "diagnose --fix", "deploy")
    run_fix(ctx, target, monkeypatch)
    assert target.done == ["diagnose --fix", "deploy"] and target.recorded == ["deploy"]


def test_an_error_is_the_last_finding_of_its_check(ctx: Context) -> None:
    def breaks(_ctx: Context) -> Iterator[Finding]:
        yield warning("a", "something")
        raise DatabaseError("the database is away", where="db", todo="start it")

    found = diagnose(ctx, known_problem(breaks, lambda _: [ok("b", "fine")]))
    assert [str(f.severity) for f in found.findings] == ["warning", "unknown", "ok"]
    assert found.findings[1].description == "the database is away (db)"
    assert found.findings[1].todo == "start it"
    assert not found.passes


def test_without_an_engine_nothing_is_checked(ctx: Context) -> None:
    def breaks(_ctx: Context) -> Iterator[Finding]:
        raise EngineUnavailable("no engine")
        yield

    with pytest.raises(EngineUnavailable):
        diagnose(ctx, known_problem(breaks))


def test_an_unknown_problem_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError) as caught:
        select_problems(["migration", "shceduler"])
    assert "did you mean 'scheduler'?" in caught.value.todo
    assert [each.name for each in select_problems([])] == list(KNOWN_PROBLEMS)
    assert [each.name for each in select_problems(["command", "command"])] == ["command"]


@pytest.mark.parametrize(
    ("age", "scheduler_runs", "command_runs", "stale"),
    [
        (MAX_RUN_AGE + 1, True, False, True),
        (MAX_RUN_AGE - 1, True, False, False),
        (None, True, False, True),
        (MAX_RUN_AGE - 1, False, False, True),
        (None, False, True, False),
        (MAX_RUN_AGE + 1, True, True, False),
    ],
)
def test_an_overlap_lock_is_stale_if_no_process_can_hold_it(
    age: float | None, scheduler_runs: bool, command_runs: bool, stale: bool
) -> None:
    assert is_stale(age, scheduler_runs=scheduler_runs, command_runs=command_runs) is stale


def test_a_command_is_listed_by_its_whole_name() -> None:
    listed = " devices\n  devices:monitor-status   Watch\n  devices:seed\n"
    assert lists_command(listed, "devices:monitor-status")
    assert not lists_command(listed, "devices:monitor")
    assert not lists_command(listed, "monitor-status")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("php artisan migrate --force", "artisan migrate"),
        ("/usr/bin/php /var/www/artisan migrate", "artisan migrate"),
        ("php artisan migrate:status", ""),
        ("php artisan schedule:work", ""),
    ],
)
def test_a_migrator_is_known_by_its_command_line(ctx: Context, line: str, found: str) -> None:
    settings = SimpleNamespace(
        app=SimpleNamespace(console=("php", "artisan")),
        migrate=SimpleNamespace(command=("migrate", "--force")),
    )
    known = replace(ctx, loaded=SimpleNamespace(settings=settings))  # type: ignore[arg-type]
    assert migrator(known, line) == found


def test_a_statement_is_shown_without_its_strings_and_short() -> None:
    short = shorten_statement(
        "SELECT * FROM remotes\n WHERE token = 'hunter2' AND " + "x = 1 AND " * 50
    )
    assert "hunter2" not in short and "\n" not in short and len(short) <= 120
    assert "hunter2" not in shorten_statement("SET PASSWORD = PASSWORD('hunter2')")
    assert "hunter2" not in shorten_statement("SELECT 'hunter2")


def test_a_fix_does_not_advise_to_fix() -> None:
    finding = problem("file", "it is missing", "cosmicdeploy diagnose command --fix").facts()
    facts = {"trouble": "command", "about": "it is not found", "findings": [finding]}
    for fixing in (False, True):
        out = StringIO()
        show_diagnosis(Console(file=out, width=80), [facts], fixing=fixing)
        assert "it is missing" in out.getvalue()
        assert ("--fix" in out.getvalue()) is not fixing
