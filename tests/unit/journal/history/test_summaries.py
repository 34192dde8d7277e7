"""A run's summary costs a command that does not show it nothing, and damages nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.journal.history.fold import entries
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.lines import summary_head
from cosmicdeploy.journal.records import records
from cosmicdeploy.journal.rotation.needed import Needed
from cosmicdeploy.journal.rotation.rotation import rotate
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from tests.unit.journal.history.recorded import SUCCESS, Recorded
from tests.unit.journal.rotation.histories import History

pytestmark = pytest.mark.unit


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


@pytest.fixture
def parsed_summaries(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The summaries that were parsed so far."""
    lines, parsed = list[bytes](), records.parsed

    def parse(line: bytes) -> Any:
        lines.extend([line] if b'"summary"' in line else [])
        return parsed(line)

    monkeypatch.setattr(records, "parsed", parse)
    return lines


def warning_journal(path: Path, warnings: list[str]) -> Journal:
    return Journal(path=path, warn=warnings.append)


def not_undone(recorded: Recorded) -> Recorded:
    """Add a deploy that failed and could not be undone, so that it stays interrupted."""
    recorded.begin("ffff6666")
    recorded.intent("ffff6666", "rollout", 1)
    recorded.add("failed", 2, "ffff6666", error="it broke")
    recorded.add("ended", 3, "ffff6666", whole=False, resolves=[])
    return recorded


def doubts(recorded: Recorded) -> list[str]:
    [run] = unfinished(Journal(path=recorded.path))
    return [*run.lost_records, *run.uncertain_records]


def test_the_present_version_writes_a_line_of_which_only_the_beginning_is_read(
    tmp_path: Path,
) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl", run="0a1b2c3d")
    journal.append("summary", **SUCCESS)
    line = journal.path.read_bytes()
    head = summary_head(line)
    whole = json.loads(line)
    assert head == {name: whole[name] for name in ("at", "kind", "run")}
    assert summary_head(line[:-1]) is None and summary_head(line[:-20] + b"\n") is None
    twice = line[:200] + line
    assert summary_head(twice) is None, "one of the two may be another record"


def test_no_reader_but_the_history_parses_a_summary(
    recorded: Recorded, parsed_summaries: list[bytes]
) -> None:
    journal = recorded.success().failure().success("cccc7777").killed().journal
    assert [run.id for run in unfinished(journal)] == ["dddd4444"]
    # Each summary has these texts.
    assert journal.last("release") is None
    assert journal.last("done", step_kind="rollout") is not None
    assert [each for each in journal.search(lambda _: True) if each["kind"] == "summary"] == []
    assert parsed_summaries == []
    assert len([each for each in journal.records() if each["kind"] == "summary"]) == 3
    assert len(parsed_summaries) == 3


def test_a_rotation_moves_a_summary_with_its_run_and_does_not_parse_it(
    tmp_path: Path, parsed_summaries: list[bytes]
) -> None:
    history = History(begin=800, days=400)
    for number in range(1, 3):
        history.finished("build")
        history.add("summary", f"r{number}", **SUCCESS)
    journal = history.write(tmp_path)
    assert rotate(journal, Needed()) and parsed_summaries == []
    assert [each["run"] for each in journal.records() if each["kind"] == "summary"] == ["r2"]
    archived = journal.search(lambda _: True, since=0.0, summaries=True)
    assert [each["run"] for each in archived if each["kind"] == "summary"] == ["r1", "r2"]
    old = Journal(path=journal.path).search(lambda _: True, since=0.0)
    assert {each["kind"] for each in old} == {"run", "intent", "done", "success", "rotated"}


def test_a_summary_that_was_cut_short_is_a_warning_and_no_doubt_about_an_open_run(
    recorded: Recorded,
) -> None:
    not_undone(recorded).add("summary", 4, "ffff6666", **SUCCESS)
    whole = recorded.path.read_bytes()
    for missing in (1, 2, 40, 400):
        warnings: list[str] = []
        recorded.path.write_bytes(whole[:-missing])
        journal = warning_journal(recorded.path, warnings)
        list(journal.search(lambda _: True))
        if missing > 1:
            line = len(whole.splitlines())
            why = "it is not JSON, or was cut short"
            assert warnings == [f"skipped {recorded.path}:{line}: {why}"]
        assert doubts(recorded) == []


def test_a_record_that_follows_a_cut_summary_on_its_line_is_in_doubt(recorded: Recorded) -> None:
    not_undone(recorded).add("summary", 4, "ffff6666", **SUCCESS)
    with recorded.path.open("rb+") as file:
        file.truncate(recorded.path.stat().st_size - 100)
    recorded.add("done", 5, "ffff6666", step="x", step_kind="x", facts={})
    assert len(doubts(recorded)) == 1


@pytest.mark.parametrize("changes", [{"outcome": 7}, {"steps": "later"}, {"seconds": -1.0}])
def test_a_summary_of_another_shape_is_a_warning_only_where_it_is_shown(
    recorded: Recorded, changes: dict[str, Any]
) -> None:
    not_undone(recorded).add("summary", 4, "ffff6666", **{**SUCCESS, **changes})
    warnings: list[str] = []
    journal = warning_journal(recorded.path, warnings)
    assert journal.last("release") is None and warnings == []
    for _ in range(2):
        [run] = entries(journal.records())
        assert run.summary is None and run.outcome == "failed"
    [warning] = warnings
    assert warning.startswith(f"skipped {recorded.path}:{len(recorded.path.open().readlines())}: ")
    assert "summary: " in warning and doubts(recorded) == []


def test_lines_after_a_summary_keep_their_numbers(recorded: Recorded) -> None:
    recorded.success()
    with recorded.path.open("a") as file:
        file.write("no record\n")
    warnings: list[str] = []
    list(warning_journal(recorded.path, warnings).search(lambda _: True))
    assert warnings[0].startswith(f"skipped {recorded.path}:10: ")
