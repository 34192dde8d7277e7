"""The kind of run that a record belongs to, and what depends on it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context import releases
from cosmicdeploy.context.context import Context
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.records.known_failures import KnownFailures
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.operations.recorder import recorder_of
from cosmicdeploy.operations.restart import RestartPlan
from cosmicdeploy.runs import execute, locked_run
from cosmicdeploy.runs.execute import record_release
from cosmicdeploy.runs.interrupted import interrupted
from tests.unit.journal.journal_writer import STATE, Writer
from tests.unit.settings_of import settings_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("deploy", RunKind.DEPLOY),
        ("deploy --resume", RunKind.DEPLOY),
        ("deploy --abort", RunKind.ABORT),
        ("deploy --abort --accept", RunKind.ABORT),
        ("rollback --code-only", RunKind.ROLLBACK),
        ("restart web", RunKind.RESTART),
        ("up", RunKind.UP),
        ("playbook run rollback-night", RunKind.OTHER),
        ("step rollout", RunKind.OTHER),
        ("(unknown)", RunKind.OTHER),
        ("", RunKind.OTHER),
    ],
)
def test_the_kind_of_an_earlier_versions_run_is_derived_from_its_command(
    command: str, kind: RunKind
) -> None:
    assert RunKind.of_record({"command": command}) is kind


@pytest.mark.parametrize("recorded", ["", "unknown", 7, None, ["deploy"]])
def test_an_unknown_kind_is_derived_from_the_command(recorded: object) -> None:
    record = {"command": "rollback", "run_kind": recorded}
    assert RunKind.of_record(record) is RunKind.ROLLBACK


def test_a_recorded_kind_wins_over_the_command() -> None:
    assert RunKind.of_record({"command": "night", "run_kind": "deploy"}) is RunKind.DEPLOY


def test_an_unfinished_run_has_its_kind(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "journal.jsonl")
    writer.run("a", "rollback --migration", "b1").intent("build")
    [run] = unfinished(Journal(path=tmp_path / "journal.jsonl"))
    assert run.kind is RunKind.ROLLBACK


@pytest.mark.parametrize("kind", RunKind)
def test_runs_and_releases_are_recorded_with_the_kind_of_their_command(
    ctx: Context, kind: RunKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line, which is recorded too, does not decide the kind."""
    command = RunCommand(line="rollback of the night", kind=kind)
    known: list[RunKind] = []

    def known_failures(_ctx: Context, kind: RunKind, _created: object) -> KnownFailures:
        known.append(kind)
        return KnownFailures()

    monkeypatch.setattr(locked_run, "known_failures", known_failures)
    monkeypatch.setattr(locked_run, "resolve_containers", lambda ctx, _needed: ctx)
    monkeypatch.setattr(locked_run, "observe", lambda _: STATE)
    engine: Any = SimpleNamespace(
        claim_marker=lambda *_: SimpleNamespace(id="lock", is_own=True),
        beat=lambda *_: True,
        marker_exists=lambda _: True,
        remove_marker=lambda _: None,
        image=lambda _: None,
    )
    loaded: Any = SimpleNamespace(settings=settings_of({"app": ["web"]}))
    stack: Any = SimpleNamespace(project="shop")
    outer_ctx = replace(ctx, loaded=loaded, engine=engine, stack=stack)
    monkeypatch.setattr(releases, "release_ahead", lambda *_: "7")
    monkeypatch.setattr(execute, "running_release", lambda *_: "7")
    monkeypatch.setattr(Context, "container", lambda *_: None)
    with locked_run.begin(outer_ctx, command, 0.0, []) as (run_ctx, _):
        record_release(run_ctx, command)
    records = [json.loads(line) for line in ctx.journal.path.read_text().splitlines()]
    run, release = (r for r in records if r["kind"] in ("run", "release"))
    assert known == [kind]
    for record in (run, release):
        assert (record["command"], record["run_kind"]) == (command.line, kind)


def test_the_kind_decides_which_interrupted_runs_are_resumed(ctx: Context) -> None:
    Writer(ctx.journal.path).run("a", "deploy").intent("build")
    deploy = RunCommand(line="night", kind=RunKind.DEPLOY)
    other = RunCommand(line="deploy of the night", kind=RunKind.OTHER)
    assert [run.id for run in interrupted.decide(ctx, deploy).resumed] == ["a"]
    assert not interrupted.decide(ctx, other).resumed


def test_the_kind_decides_which_interrupted_restarts_are_finished(ctx: Context) -> None:
    Writer(ctx.journal.path).run("a", "restart web")
    up = RunCommand(line="up", kind=RunKind.UP)
    other = RunCommand(line="up at night", kind=RunKind.OTHER)
    assert [run.id for run in interrupted.decide(ctx, up).superseded] == ["a"]
    assert not interrupted.decide(ctx, other).superseded


def test_runs_that_place_a_release_record_a_baseline() -> None:
    recording = [kind for kind in RunKind if recorder_of(kind)]
    assert recording == [RunKind.DEPLOY, RunKind.ROLLBACK, RunKind.ABORT]


def test_a_restart_runs_as_a_restart() -> None:
    plan = RestartPlan(words=(), services=(), turns_away=False, cost="")
    assert plan.command == RunCommand(line="restart --all", kind=RunKind.RESTART)
