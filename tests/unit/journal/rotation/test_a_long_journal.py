"""A journal of any length costs a run no more than one of a thousand runs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.events import Warned
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.records import records
from cosmicdeploy.journal.rotation.archive import archive_of
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.runs.journal_rotation import rotate_journal
from cosmicdeploy.steps.backups.kept_images import last_releases
from cosmicdeploy.steps.schema.lock_wait import lock_wait_left
from tests.unit.journal.rotation.histories import History, lines_of, require_same_lines

pytestmark = pytest.mark.unit

LINES_OF_A_RUN = 7


def context(journal: Journal, events: list[Any] | None = None) -> Any:
    """Return a context without containers and backups, that has the lock."""
    keep = SimpleNamespace(releases=3)
    return SimpleNamespace(
        journal=journal,
        lock=SimpleNamespace(require=lambda: None),
        catalogue=SimpleNamespace(list=list),
        engine=SimpleNamespace(containers=lambda _project: []),
        stack=SimpleNamespace(project="shop", services={"web": SimpleNamespace(image="web:1")}),
        settings=SimpleNamespace(backup=SimpleNamespace(keep=keep)),
        emit=(events if events is not None else []).append,
    )


@pytest.mark.parametrize("lines", [12_000, pytest.param(200_000, marks=pytest.mark.torture)])
def test_a_run_parses_a_bounded_number_of_lines(
    tmp_path: Path, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History()
    for _ in range(lines // LINES_OF_A_RUN):
        run = history.finished("build", release="7", backups=["b1"])
        history.add("summary", run, outcome="changed", exit_code=0, seconds=1.0, release="7")
    history.lines += [b"123\n"] * 10
    journal = history.write(tmp_path)
    before = lines_of(journal.path)
    parsed, count = records.parsed, 0

    def parse(line: bytes) -> Any:
        nonlocal count
        count += 1
        return parsed(line)

    monkeypatch.setattr(records, "parsed", parse)
    # The first run reads all lines once, chooses those that go, copies these and those that stay,
    # looks for releases, and reads the new journal.
    rotate_journal(context(journal))
    assert count < 5 * len(before)
    require_same_lines(journal, before)

    count, journal = 0, Journal(path=journal.path)
    ctx = context(journal)
    for _ in range(10):
        unfinished(journal)
        lock_wait_left(ctx)
        assert journal.last("done", step_kind="rollout") is None
        journal.append("success")
    assert len(last_releases(ctx)) == 3
    rotate_journal(ctx)
    kept = 1000 * LINES_OF_A_RUN
    assert count < kept + 1000 + 200  # each line once, the releases again


def test_the_end_of_a_run_rotates_and_an_error_is_a_warning(
    tmp_path: Path, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, events = History(), list[Any]()
    for _ in range(2 * few):
        history.finished("health")
    journal = history.write(tmp_path)
    archive_of(journal.path).mkdir()
    rotate_journal(context(journal, events))
    [warning] = events
    assert isinstance(warning, Warned) and "was not rotated" in warning.text
    assert str(journal.path) in warning.text and "Unexpected" not in warning.text
    assert len(lines_of(journal.path)) == len(history.lines)
    archive_of(journal.path).rmdir()
    rotate_journal(context(journal, events))
    assert len(events) == 1 and archive_of(journal.path).is_file()
