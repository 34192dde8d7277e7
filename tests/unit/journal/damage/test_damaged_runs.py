"""A damaged record of an interrupted run: no reader fails, and its changes count as unknown."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.run_scope import RunScope
from cosmicdeploy.errors import NeedsPerson
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.lines import UnreadableLine
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.runs.interrupted import interrupted
from tests.unit.journal.damage.any_json import parts, random_json
from tests.unit.journal.damage.journals import killed_run, read_all

pytestmark = pytest.mark.unit


def damage(chance: random.Random, lines: list[dict[str, Any]]) -> None:
    """Replace or delete one value in one record."""
    places = list(parts(chance.choice(lines)))
    part, key = chance.choice(places)
    if chance.random() < 0.3 and isinstance(part, dict):
        del part[key]
    else:
        part[key] = random_json(chance)


def test_a_damaged_record_stops_no_reader_and_casts_doubt_on_its_run(tmp_path: Path) -> None:
    chance = random.Random(5)  # noqa: S311 - not secret, but reproducible
    for number in range(400):
        journal = Journal(path=tmp_path / f"{number}.jsonl")
        lines = copy.deepcopy(killed_run())
        damage(chance, lines)
        journal.path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        read_all(journal)
        bad = [each for each in journal.entries() if isinstance(each, UnreadableLine)]
        doubted = [
            each
            for run in unfinished(journal)
            for each in (*run.lost_records, *run.uncertain_records)
        ]
        # The damaged value can be the kind of a record, which may then end the run.
        ended = any(line.get("kind") in ("success", "ended") for line in lines)
        assert not bad or doubted or ended


def test_an_undamaged_journal_has_no_unreadable_line(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.path.write_text("".join(json.dumps(line) + "\n" for line in killed_run()))
    assert list(journal.entries()) == killed_run()
    read_all(journal)


@pytest.mark.parametrize(
    "damage_lines",
    [
        lambda lines: lines[1].pop("before"),
        lambda lines: lines[0].update(state=7),
        lambda lines: lines.pop(0),
    ],
)
def test_unreadable_and_missing_records_of_an_interrupted_run_are_reported(
    tmp_path: Path, damage_lines: Callable[[Any], Any]
) -> None:
    lines = killed_run()
    damage_lines(lines)
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    [run] = unfinished(journal)
    assert "some of its changes are unknown" in run.description()
    ctx: Any = SimpleNamespace(journal=journal, say=lambda _text: None, run=RunScope())
    for kind in RunKind:
        with pytest.raises(NeedsPerson, match="changes are unknown") as caught:
            interrupted.decide(ctx, RunCommand(line=kind, kind=kind))
        assert "`cosmicdeploy deploy --abort`" in caught.value.todo
    assert interrupted.to_abort(ctx) == [run]


def test_a_foreign_line_within_an_interrupted_run_is_reported(
    tmp_path: Path,
) -> None:
    lines = [json.dumps(line) for line in killed_run()]
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.path.write_text("\n".join([*lines, "123", ""]))
    [run] = unfinished(journal)
    assert run.uncertain_records and not run.lost_records
    assert f"line {len(lines) + 1} of the journal cannot be read" in run.description()
