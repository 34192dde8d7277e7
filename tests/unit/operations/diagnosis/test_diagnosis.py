"""Diagnoses: findings, errors as findings, and what the checks read from output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import (
    DatabaseError,
    EngineUnavailable,
    UsageError,
)
from cosmicdeploy.migrations.frameworks.reading import framework
from cosmicdeploy.operations.diagnosis.checks.command import lists_command
from cosmicdeploy.operations.diagnosis.checks.database.migration import migrator
from cosmicdeploy.operations.diagnosis.checks.database.session_owner import shorten_statement
from cosmicdeploy.operations.diagnosis.checks.last_run import MAX_RUN_AGE, is_stale
from cosmicdeploy.operations.diagnosis.diagnose import KNOWN_PROBLEMS, diagnose, select_problems
from cosmicdeploy.operations.diagnosis.finding import (
    Check,
    Finding,
    KnownProblem,
    ok,
    warning,
)


def known_problem(*checks: Check) -> KnownProblem:
    return KnownProblem(name="t", about="a test", checks={f"c{n}": c for n, c in enumerate(checks)})


def test_an_error_becomes_the_last_finding_of_its_check(ctx: Context) -> None:
    def fail(_ctx: Context) -> Iterator[Finding]:
        yield warning("a", "something")
        raise DatabaseError("the database is away", where="db", todo="start it")

    found = diagnose(ctx, known_problem(fail, lambda _: [ok("b", "fine")]))
    assert [str(f.severity) for f in found.findings] == ["warning", "unknown", "ok"]
    assert found.findings[1].description == "the database is away (db)"
    assert found.findings[1].todo == "start it"
    assert not found.passes


def test_an_unavailable_engine_ends_the_diagnosis(ctx: Context) -> None:
    def fail(_ctx: Context) -> Iterator[Finding]:
        raise EngineUnavailable("no engine")
        yield

    with pytest.raises(EngineUnavailable):
        diagnose(ctx, known_problem(fail))


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


def test_a_command_counts_as_listed_only_by_its_whole_name() -> None:
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
def test_a_running_migration_is_recognized_by_its_command_line(
    ctx: Context, line: str, found: str
) -> None:
    loaded: Any = SimpleNamespace(framework=framework("laravel"))
    configured = replace(ctx, loaded=loaded)
    assert migrator(configured, line) == found


def test_a_statement_is_shown_shortened_and_without_its_strings() -> None:
    statement = shorten_statement(
        "SELECT * FROM remotes\n WHERE token = 'hunter2' AND " + "x = 1 AND " * 50
    )
    assert "hunter2" not in statement and "\n" not in statement and len(statement) <= 120
    assert "hunter2" not in shorten_statement("SET PASSWORD = PASSWORD('hunter2')")
    assert "hunter2" not in shorten_statement("SELECT 'hunter2")
