"""Each step that reads its state before from its records has a shape to check these against."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.lines import UnreadableLine
from cosmicdeploy.journal.records.step_shapes import BEFORE
from cosmicdeploy.steps.base import Step
from cosmicdeploy.steps.kinds import KINDS
from tests.unit.journal.damage.any_json import AT

pytestmark = pytest.mark.unit


def reads_before(step: type[Step]) -> bool:
    """Whether the class of the step, or one that it derives from, reads `change.before`."""
    own = (each for each in step.__mro__ if issubclass(each, Step) and each is not Step)
    return any("change.before" in inspect.getsource(each) for each in own)


def test_each_step_that_reads_the_state_before_it_has_a_shape() -> None:
    reading = {kind for kind, step in KINDS.items() if reads_before(step)}
    assert {"build", "rollout", "one-shot", "chown"} <= reading
    assert reading <= set(BEFORE), "an undo would end in a KeyError for a damaged record"
    assert set(BEFORE) <= set(KINDS)


@pytest.mark.parametrize("kind", BEFORE)
def test_an_intent_without_the_state_before_its_step_is_unreadable(
    tmp_path: Path, kind: str
) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    record = {"at": AT, "run": "r1", "kind": "intent", "step": kind, "step_kind": kind}
    record |= {"options": {}, "change": "c", "before": {}}
    journal.path.write_text(json.dumps(record) + "\n")
    [entry] = journal.entries()
    assert isinstance(entry, UnreadableLine) and "Field required" in entry.why


FIRST: dict[str, Any] = {"applied": [], "schema": "s", "objects": [["TABLE", "migrations"]]}


@pytest.mark.parametrize(
    ("before", "facts", "why"),
    [
        ({}, {}, ""),
        ({"objects": 5}, {}, "objects"),
        ({"objects": [["TABLE"]]}, {}, "objects"),
        ({"objects": [["TABLE", 5]]}, {}, "objects"),
        ({"again": "maybe"}, {}, "again"),
        ({}, {"contents": ["users"]}, "contents"),
        ({}, {"contents": {"users": 5}}, "contents"),
    ],
)
def test_what_the_undo_of_first_migrations_reads_has_a_shape(
    tmp_path: Path, before: dict[str, Any], facts: dict[str, Any], why: str
) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    step = {"at": AT, "run": "r1", "step": "migrate", "step_kind": "migrate"}
    intent = {"kind": "intent", "options": {}, "change": "c", "before": {**FIRST, **before}}
    records = ({**step, **intent}, {**step, "kind": "done", "facts": facts})
    journal.path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    bad = [each.why for each in journal.entries() if isinstance(each, UnreadableLine)]
    assert (len(bad), why in "".join(bad)) == (1 if why else 0, True)
