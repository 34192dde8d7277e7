"""The kind of run that a record belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.unfinished import unfinished
from tests.unit.runs.journal_writer import Writer

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
