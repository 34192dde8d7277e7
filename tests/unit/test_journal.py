"""The journal keeps whole records, whatever a kill left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cosmicdeploy.journal import Journal


def test_it_returns_records_in_order(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "state" / "journal.jsonl")
    journal.append("intent", step="build")
    journal.append("done", step="build")
    assert [(r["kind"], r["step"]) for r in journal.records()] == [
        ("intent", "build"),
        ("done", "build"),
    ]


def test_a_line_cut_by_a_kill_is_passed_over_and_spoils_no_other(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.append("intent", step="build")
    with journal.path.open("a") as file:
        file.write('{"kind": "done", "st')
    journal.append("intent", step="migrate")
    assert [r["step"] for r in journal.records()] == ["build", "migrate"]


def test_it_reads_on_where_it_was_and_anew_where_it_is_another_file(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    asks = journal.of_run("r2")
    assert list(asks.records()) == []
    journal.append("intent", step="build")
    assert [r["step"] for r in asks.records()] == ["build"]
    with journal.path.open("a") as file:
        file.write('{"kind": "done", "step": "whole"}')
    assert [r["step"] for r in asks.records()] == ["build", "whole"]
    journal.append("intent", step="migrate")
    assert [r["step"] for r in asks.records()] == ["build", "whole", "migrate"]
    journal.path.write_text('{"step": "cut"}\n')
    assert [r["step"] for r in asks.records()] == ["cut"]
    other = tmp_path / "other"
    other.write_text('{"step": "one"}\n{"step": "two"}\n')
    other.replace(journal.path)
    assert [r["step"] for r in asks.records()] == ["one", "two"]


def test_a_long_journal_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, parsed = Journal(path=tmp_path / "journal.jsonl"), list[bytes]()
    for number in range(20):
        journal.append("intent", number=number)
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda line: (parsed.append(line), loads(line))[1])
    for _ in range(3):
        assert len(list(journal.of_run("r1").records())) == 20
    assert len([line for line in parsed if line]) == 20


def test_it_finds_the_newest_record_with_given_facts(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    for number, image in enumerate(["a", "b", "a"]):
        journal.append("cache-cleared", image=image, number=number)
    found = journal.last("cache-cleared", image="a")
    assert found is not None and found["number"] == 2
    assert journal.last("cache-cleared", image="c") is None


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "state" / "journal.jsonl")
    journal.append("intent")
    assert journal.path.stat().st_mode & 0o777 == 0o600
    assert journal.path.parent.stat().st_mode & 0o777 == 0o700
