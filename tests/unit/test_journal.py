"""The journal keeps whole records, whatever a kill left behind."""

from __future__ import annotations

from pathlib import Path

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
