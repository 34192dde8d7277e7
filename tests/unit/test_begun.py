"""What the journal knows of migrations that nobody saw the end of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.journal import Journal
from cosmicdeploy.steps.begun import unresolved

pytestmark = pytest.mark.unit

RUN: dict[str, Any] = {"kind": "run", "command": "deploy"}
BACKUP = {"kind": "done", "step": "backup", "step_kind": "backup", "facts": {"backup": "b1"}}
BEGUN = {"kind": "intent", "step": "migrate", "step_kind": "migrate", "before": {"applied": []}}
DONE = {"kind": "done", "step": "migrate", "step_kind": "migrate", "facts": {"schema": "s"}}
UNDONE = {"kind": "undone", "step": "migrate", "step_kind": "migrate"}
FAILED = {"kind": "failed", "error": "x"}
SUCCESS = {"kind": "success"}
RESTORED = {"kind": "done", "step": "restore", "step_kind": "restore", "facts": {}}
RESTORE_UNDONE = {"kind": "undone", "step": "restore", "step_kind": "restore"}
ROLLBACK = {"kind": "run", "command": "rollback"}
STEP = {"kind": "run", "command": "step"}
KILLED = [RUN, BACKUP, BEGUN]


@pytest.mark.parametrize(
    ("records", "open_"),
    [
        ([], False),
        ([RUN, BACKUP, SUCCESS], False),
        (KILLED, True),
        ([*KILLED, DONE], False),
        ([*KILLED, DONE, SUCCESS], False),
        ([*KILLED, FAILED], True),
        ([*KILLED, FAILED, UNDONE], False),
        ([*KILLED, DONE, FAILED], True),
        ([*KILLED, DONE, FAILED, UNDONE], False),
        ([*KILLED, FAILED, RUN, FAILED], True),
        ([*KILLED, DONE, RUN, FAILED], False),
        ([*KILLED, FAILED, STEP, SUCCESS], True),
        ([*KILLED, FAILED, RUN, SUCCESS], False),
        ([*KILLED, FAILED, ROLLBACK, RESTORED, SUCCESS], False),
        ([*KILLED, FAILED, ROLLBACK, RESTORED], True),
        ([*KILLED, FAILED, ROLLBACK, RESTORED, FAILED, RESTORE_UNDONE], True),
        ([*KILLED, FAILED, {"kind": "resolved"}], False),
        ([*KILLED, FAILED, {"kind": "resolved"}, *KILLED], True),
    ],
)
def test_a_migrate_step_is_open_until_something_settles_it(
    tmp_path: Path, records: list[dict[str, Any]], open_: bool
) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    for record in records:
        journal.append(**record)
    begun = unresolved(journal)
    assert (begun is not None) == open_
    if begun is not None:
        assert begun.backup == "b1", "the backup of its own run"
