"""The journal keeps its complete records, even if a kill cut a line."""

from __future__ import annotations

import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.journal import lines
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.records import records
from cosmicdeploy.journal.records.record_shapes import KINDS
from cosmicdeploy.journal.unfinished.unfinished import unfinished


def step(name: str) -> dict[str, Any]:
    """Return the keys of an intent."""
    return {"step": name, "step_kind": "health", "options": {}, "change": "", "before": {}}


def line(name: str) -> str:
    """Return the line of a complete intent, without its line feed."""
    return json.dumps({"at": "2026-03-01T12:00:00+01:00", "kind": "intent", **step(name)})


def test_records_are_returned_in_order(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "state" / "journal.jsonl")
    journal.append("intent", **step("build"))
    journal.append("done", step="build", step_kind="health", facts={})
    assert [(r["kind"], r["step"]) for r in journal.records()] == [
        ("intent", "build"),
        ("done", "build"),
    ]


def test_a_line_cut_by_a_kill_is_skipped_and_damages_no_other(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.append("intent", **step("build"))
    with journal.path.open("a") as file:
        file.write('{"kind": "done", "st')
    journal.append("intent", **step("migrate"))
    assert [r["step"] for r in journal.records()] == ["build", "migrate"]


def test_only_new_lines_are_read_unless_the_file_was_replaced(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    reader = journal.of_run("r2")
    assert list(reader.records()) == []
    journal.append("intent", **step("build"))
    assert [r["step"] for r in reader.records()] == ["build"]
    with journal.path.open("a") as file:
        file.write(line("unterminated"))
    assert [r["step"] for r in reader.records()] == ["build", "unterminated"]
    journal.append("intent", **step("migrate"))
    assert [r["step"] for r in reader.records()] == ["build", "unterminated", "migrate"]
    journal.path.write_text(f"{line('shorter')}\n")
    assert [r["step"] for r in reader.records()] == ["shorter"]
    other = tmp_path / "other"
    other.write_text(f"{line('one')}\n{line('two')}\n")
    other.replace(journal.path)
    assert [r["step"] for r in reader.records()] == ["one", "two"]


@pytest.fixture
def parsed_lines(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The lines that were parsed so far."""
    lines, parsed = list[bytes](), records.parsed
    monkeypatch.setattr(records, "parsed", lambda line: (lines.append(line), parsed(line))[1])
    return lines


def test_each_line_is_replayed_once(tmp_path: Path, parsed_lines: list[bytes]) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    for number in range(20):
        journal.of_run(f"r{number}").append("intent", **step(str(number)))
    for _ in range(3):
        assert len(unfinished(journal.of_run("r1"))) == 19
    assert len(parsed_lines) == 20


def test_a_search_parses_only_relevant_lines(tmp_path: Path, parsed_lines: list[bytes]) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    for number in range(20):
        journal.append("intent", **step(str(number)))
        journal.append("cache-cleared", image=str(number))
    unfinished(journal)
    parsed_lines.clear()
    found = journal.last("cache-cleared", image="7")
    assert found is not None and found["image"] == "7"
    assert len(parsed_lines) == 1


def test_a_long_journal_is_read_in_constant_memory(tmp_path: Path) -> None:
    def peak(lines: int) -> int:
        path = tmp_path / f"{lines}.jsonl"
        path.write_text(f"{line('a')}\n" * lines)
        tracemalloc.start()
        unfinished(Journal(path=path))
        assert Journal(path=path).last("intent", step="b") is None
        return (tracemalloc.get_traced_memory()[1], tracemalloc.stop())[0]

    peak(10)
    assert peak(20_000) < peak(2000) + 50_000


def test_a_line_of_any_length_is_read_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 2**20)
    warnings: list[str] = []
    journal = Journal(path=tmp_path / "journal.jsonl", warn=warnings.append)
    begin = f"{line('a')}\n"
    journal.path.write_text(begin + "x" * 3 * 2**20)
    assert [record["step"] for record in journal.records()] == ["a"]
    with journal.path.open("a") as file:
        file.write(f"{'x' * 2**21}\n{line('b')}\n")
    assert [record["step"] for record in journal.records()] == ["a", "b"]
    assert warnings == [f"skipped {journal.path}:2: it is longer than 1 MiB"]


@pytest.mark.parametrize("key", ['"a": 1, "a": 2', '"a" : 1, "a": 2', '"a\\": 1", "a": 1, "a": 2'])
def test_a_repeated_key_is_found_in_any_spelling(key: str) -> None:
    text = f'{{"kind": "success", "b": [{{{key}}}]}}'.replace('"a\\": 1"', '"c": "\\":"')
    assert records.repeats_a_key(text.encode(), records.parsed(text.encode()))
    single = text.replace('"a": 2', '"d": 2')
    assert not records.repeats_a_key(single.encode(), records.parsed(single.encode()))


def test_last_finds_the_newest_record_with_the_given_facts(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    for number, image in enumerate(["a", "b", "a"]):
        journal.append("cache-cleared", image=image, number=number)
    found = journal.last("cache-cleared", image="a")
    assert found is not None and found["number"] == 2
    assert journal.last("cache-cleared", image="c") is None


def test_only_the_owner_can_read_the_journal(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "state" / "journal.jsonl")
    journal.append("success")
    assert journal.path.stat().st_mode & 0o777 == 0o600
    assert journal.path.parent.stat().st_mode & 0o777 == 0o700


def test_every_kind_of_record_that_is_written_can_be_read_again() -> None:
    written, package = set(), Path(records.__file__).parents[2]
    for path in package.rglob("*.py"):
        if "payload" not in path.relative_to(package).parts:
            written |= set(re.findall(r'journal\.append\(\s*"([\w-]+)"', path.read_text()))
            written |= set(
                re.findall(r'note\([\w.()]*journal[\w.()]*, "([\w-]+)"', path.read_text())
            )
            written |= set(re.findall(r'line_of\("([\w-]+)"', path.read_text()))
    assert written == set(KINDS)
