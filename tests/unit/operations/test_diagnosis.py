"""Diagnoses: what becomes of errors, which remedies are tried, what is read from lines."""

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
from cosmicdeploy.operations.diagnosis import fix
from cosmicdeploy.operations.diagnosis.checks.command import lists_it
from cosmicdeploy.operations.diagnosis.checks.last_run import EVERY, is_stale
from cosmicdeploy.operations.diagnosis.checks.migration import migrator
from cosmicdeploy.operations.diagnosis.checks.session_owner import shown
from cosmicdeploy.operations.diagnosis.finding import (
    Check,
    Finding,
    Remedy,
    Trouble,
    ok,
    problem,
    warning,
)
from cosmicdeploy.operations.diagnosis.fix import Hands, Mending
from cosmicdeploy.operations.diagnosis.looking import diagnosed
from cosmicdeploy.operations.diagnosis.troubles import TROUBLES, troubles_named
from cosmicdeploy.playbook import Playbook
from cosmicdeploy.report.views.diagnosis import show_diagnosis


def trouble(*checks: Check) -> Trouble:
    return Trouble(name="t", about="a test", checks={f"c{n}": c for n, c in enumerate(checks)})


def remedy(says: str) -> Remedy:
    return Remedy(says=says, command=says, shows_within=0)


def no_playbook(_name: str) -> Playbook:
    raise AssertionError("no remedy here is a playbook")


class Ill:
    """Ill until what helps was done; `done` is what was."""

    def __init__(self, helps: str, *offered: str) -> None:
        self.helps, self.offered, self.done = helps, offered, list[str]()
        self.error: CosmicError | None = None

    def check(self, _ctx: Context) -> Iterator[Finding]:
        if self.helps in self.done:
            yield ok("it", "is well")
        else:
            yield problem("it", "is ill", "", remedies=[remedy(s) for s in self.offered])

    def execute(self, _ctx: Context, command: str, _steps: Any, _wait: float) -> Any:
        self.done.append(command)
        return SimpleNamespace(error=self.error), None


def mend(
    ctx: Context, ill: Ill, patch: pytest.MonkeyPatch, *, agree: bool = True
) -> tuple[Mending, bool]:
    patch.setattr(fix, "execute", ill.execute)
    hands = Hands(agree=lambda _: agree, playbook=no_playbook, shown=nullcontext)
    mended = Mending(ctx=ctx, hands=hands)
    found = mended.mend([diagnosed(ctx, trouble(ill.check))])
    return mended, all(each.well for each in found)


def test_remedies_are_tried_until_one_helps(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    ill = Ill("second", "first", "second", "third")
    mended, well = mend(ctx, ill, monkeypatch)
    assert well and ill.done == ["first", "second"]
    assert [each.facts()["applied"] for each in mended.tried] == [True, True]


def test_each_is_tried_once_and_a_problem_may_stand(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    ill = Ill("nothing", "first", "second")
    ill.error = CosmicError("it cannot be done")
    mended, well = mend(ctx, ill, monkeypatch)
    assert not well and ill.done == ["first", "second"]
    assert mended.tried[0].facts()["error"] == "it cannot be done"


def test_what_nobody_agrees_to_is_asked_once_and_not_done(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    ill = Ill("first", "first")
    mended, well = mend(ctx, ill, monkeypatch, agree=False)
    assert not well and ill.done == [] and len(mended.tried) == 1


def test_another_run_s_lock_ends_it(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    ill = Ill("second", "first", "second")
    ill.error = LockHeld("`cosmicdeploy deploy` is at work")
    with pytest.raises(LockHeld):
        mend(ctx, ill, monkeypatch)
    assert ill.done == ["first"]


def test_an_error_is_a_finding_after_those_before_it(ctx: Context) -> None:
    def breaks(_ctx: Context) -> Iterator[Finding]:
        yield warning("a", "something")
        raise DatabaseError("the database is away", where="db", todo="start it")

    found = diagnosed(ctx, trouble(breaks, lambda _: [ok("b", "fine")]))
    assert [str(f.severity) for f in found.findings] == ["warning", "unknown", "ok"]
    assert found.findings[1].found == "the database is away (db)"
    assert found.findings[1].todo == "start it"
    assert not found.well


def test_without_an_engine_nothing_is_looked_at(ctx: Context) -> None:
    def breaks(_ctx: Context) -> Iterator[Finding]:
        raise EngineUnavailable("no engine")
        yield

    with pytest.raises(EngineUnavailable):
        diagnosed(ctx, trouble(breaks))


def test_a_name_that_there_is_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        troubles_named(["migration", "shceduler"])
    assert "did you mean 'scheduler'?" in caught.value.todo
    assert [each.name for each in troubles_named([])] == list(TROUBLES)
    assert [each.name for each in troubles_named(["command", "command"])] == ["command"]


@pytest.mark.parametrize(
    ("age", "scheduler", "holder", "stale"),
    [
        (EVERY + 1, True, False, True),
        (EVERY - 1, True, False, False),
        (None, True, False, True),
        (EVERY - 1, False, False, True),
        (None, False, True, False),
        (EVERY + 1, True, True, False),
    ],
)
def test_a_lock_is_left_behind_where_nobody_can_hold_it(
    age: float | None, scheduler: bool, holder: bool, stale: bool
) -> None:
    assert is_stale(age, scheduler=scheduler, holder=holder) is stale


def test_a_command_is_listed_by_its_whole_name() -> None:
    listed = " devices\n  devices:monitor-status   Watch\n  devices:seed\n"
    assert lists_it(listed, "devices:monitor-status")
    assert not lists_it(listed, "devices:monitor")
    assert not lists_it(listed, "monitor-status")


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
    told = shown("SELECT * FROM remotes\n WHERE token = 'hunter2' AND " + "x = 1 AND " * 50)
    assert "hunter2" not in told and "\n" not in told and len(told) <= 120
    assert "hunter2" not in shown("SET PASSWORD = PASSWORD('hunter2')")
    assert "hunter2" not in shown("SELECT 'hunter2")


def test_whoever_mends_is_not_sent_to_mend() -> None:
    told = problem("file", "it is missing", "cosmicdeploy diagnose command --fix").facts()
    facts = {"trouble": "command", "about": "it is not found", "findings": [told]}
    for fixing in (False, True):
        out = StringIO()
        show_diagnosis(Console(file=out, width=80), [facts], fixing=fixing)
        assert "it is missing" in out.getvalue()
        assert ("--fix" in out.getvalue()) is not fixing
