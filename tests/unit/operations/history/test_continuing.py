"""The commands that continue from a run are valid, and fit how the run ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.journal.history.runs import find_run
from cosmicdeploy.operations.history.continuing import continuations
from cosmicdeploy.operations.history.rows import run_details, run_row
from tests.unit.commands import require_valid
from tests.unit.journal.history.recorded import BACKUP, SUCCESS, Recorded, step

pytestmark = pytest.mark.unit


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def commands(recorded: Recorded) -> list[str]:
    lines = [each.command for each in continuations(find_run(recorded.journal, "latest"))]
    for line in lines:
        require_valid(line)
    assert lines[-1].startswith("cosmicdeploy report ")
    return lines[:-1]


def test_after_a_success(recorded: Recorded) -> None:
    assert commands(recorded.success()) == [
        f"cosmicdeploy rollback --to {BACKUP} --code-only",
        f"cosmicdeploy rollback --to {BACKUP}",
        "cosmicdeploy verify",
        "cosmicdeploy checklist",
    ]


def test_after_a_success_of_a_stack_without_a_database(recorded: Recorded) -> None:
    images = step("backup", "changed", 0, 1, facts={"backup": BACKUP})
    recorded.success(steps=[images])
    assert f"cosmicdeploy rollback --to {BACKUP}" not in commands(recorded)


def test_after_a_failure(recorded: Recorded) -> None:
    assert commands(recorded.failure()) == ["cosmicdeploy deploy --plan", "cosmicdeploy deploy"]


def test_after_a_kill(recorded: Recorded) -> None:
    assert commands(recorded.killed()) == [
        "cosmicdeploy status",
        "cosmicdeploy deploy --resume",
        "cosmicdeploy deploy --abort",
    ]


def test_after_a_kill_in_the_undo_nothing_is_resumed(recorded: Recorded) -> None:
    recorded.killed().add("failed", 3, "dddd4444", error="it broke")
    assert commands(recorded) == ["cosmicdeploy status", "cosmicdeploy deploy --abort"]


def test_the_same_options_are_repeated(recorded: Recorded) -> None:
    recorded.begin("r1", "rollback --code-only", target=BACKUP, included=["proxy"])
    assert f"cosmicdeploy rollback --code-only --to {BACKUP} --include proxy" in commands(recorded)
    recorded.begin("r2", "restart web")
    assert commands(recorded) == ["cosmicdeploy status", "cosmicdeploy restart web"]


def test_a_run_that_a_later_one_ended_leads_there(recorded: Recorded) -> None:
    recorded.killed().begin("eeee5555")
    recorded.add("success", 3, "eeee5555", resolves=["dddd4444"])
    run = find_run(recorded.journal, "dddd4444")
    assert continuations(run)[0].command == "cosmicdeploy history show eeee5555"


def test_a_backup_alone_is_shown(recorded: Recorded) -> None:
    recorded.begin("r1", "backup create")
    recorded.add("success", 3, "r1", resolves=[])
    recorded.add("summary", 3, "r1", **SUCCESS)
    assert commands(recorded) == [f"cosmicdeploy backup show {BACKUP}"]


def test_a_row_has_null_where_nothing_is_recorded(recorded: Recorded) -> None:
    row = run_row(find_run(recorded.earlier().journal, "latest"))
    unknown = ("ci", "git", "running", "undone", "failed_in", "error", "requests", "resolved_by")
    assert [row[name] for name in unknown] == [None] * len(unknown)
    assert (row["host"], row["outcome"], row["backup"]) == ("kiosk-1", "changed", BACKUP)


def test_a_row_and_the_details_of_a_failure(recorded: Recorded) -> None:
    run = find_run(recorded.failure().journal, "latest")
    row, details = run_row(run), run_details(run, [])
    assert row.keys() <= details.keys()
    assert (row["failed_in"], row["undone"], row["requests"]["failed"]) == ("rollout", True, 3)
    assert row["error"]["what"] == "web-1 did not become healthy"
    assert details["error"]["output"] == ["starting web-1", "waiting for web-1"]
    assert details["requests"]["new"]["failed"] == 3
    assert details["series"]["new"]["failed"] == [0, 0, 3, 0, 0, 0]


def test_an_unknown_command_is_not_repeated(recorded: Recorded) -> None:
    recorded.add("failed", 3, "r1", error="it broke")
    assert commands(recorded) == ["cosmicdeploy status"]
    recorded.add("ended", 4, "r1", whole=True)
    assert commands(recorded) == []


def test_a_run_that_an_unknown_one_ended(recorded: Recorded) -> None:
    recorded.killed().add("unwound", 9, "", resolves=["dddd4444"])
    assert commands(recorded) == ["cosmicdeploy history"]


def test_a_damaged_id_stays_one_word(recorded: Recorded) -> None:
    recorded.success("a b")
    *_, page = continuations(find_run(recorded.journal, "latest"))
    assert page.command == "cosmicdeploy report 'a b' --html run.html"
