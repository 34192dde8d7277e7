"""A rotation moves old records, and keeps what the deployer still needs."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.rotation.archive import archive_of
from cosmicdeploy.journal.rotation.needed import Needed
from cosmicdeploy.journal.rotation.rotation import is_due, rotate
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.operations.checklist.evidence import migrations
from cosmicdeploy.operations.checklist.verdict import Span
from cosmicdeploy.steps.backups.kept_images import last_releases
from cosmicdeploy.steps.images.borrowed import is_borrowed
from tests.unit.journal.rotation.histories import (
    NOW,
    History,
    facts_of,
    lines_of,
    random_history,
    require_same_lines,
)

pytestmark = pytest.mark.unit

NOTHING = Needed()


def runs_in(path: Path) -> list[str]:
    """Return the ids of the runs of which the file has the first record."""
    records = Journal(path=path).records()
    return [record["run"] for record in records if record["kind"] == "run"]


def rotated(history: History, folder: Path, needed: Needed = NOTHING) -> Journal:
    journal = history.write(folder)
    before = lines_of(journal.path)
    assert rotate(Journal(path=journal.path), needed)
    require_same_lines(journal, before)
    return Journal(path=journal.path)


def test_finished_runs_beyond_a_thousand_go_to_the_archive(tmp_path: Path) -> None:
    history = History()
    for _ in range(1003):
        history.finished("rollout")
    journal = history.write(tmp_path)
    assert is_due(journal)
    journal = rotated(history, tmp_path)
    assert runs_in(archive_of(journal.path)) == ["r1", "r2", "r3"]
    assert len(runs_in(journal.path)) == 1000
    assert not is_due(journal)


def test_finished_runs_older_than_a_year_go_to_the_archive(tmp_path: Path) -> None:
    history = History(begin=400, days=20)
    for _ in range(10):
        history.finished()
    assert is_due(history.write(tmp_path))
    journal = rotated(history, tmp_path)
    assert runs_in(archive_of(journal.path)) == ["r1"]
    assert not is_due(journal)


def test_the_journal_is_rotated_once_a_day_at_most(tmp_path: Path, few: int) -> None:
    history = History(begin=1, days=0.001)
    for _ in range(few):
        history.finished()
    assert not is_due(history.write(tmp_path))
    history.finished()
    journal = rotated(history, tmp_path)
    history.lines = journal.path.read_bytes().splitlines(keepends=True)
    for _ in range(3):
        history.finished()
    assert not is_due(history.write(tmp_path))
    history.finished()
    assert is_due(history.write(tmp_path))


def test_an_interrupted_run_stays(tmp_path: Path, few: int) -> None:
    history = History()
    killed = history.begin()
    history.done(killed, "build")
    history.intent(killed, "migrate")
    history.lines.append(b"half a rec\n")
    for _ in range(2 * few):
        history.finished()
    before = facts_of(history.write(tmp_path))
    journal = rotated(history, tmp_path)
    assert runs_in(journal.path)[0] == killed and len(runs_in(journal.path)) == few + 1
    assert facts_of(journal) == before
    assert unfinished(journal)[0].uncertain_records


def test_a_repaired_schema_of_an_interrupted_run_stays_repaired(tmp_path: Path, few: int) -> None:
    history = History()
    killed = history.begin()
    history.intent(killed, "migrate")
    history.add("resolved", who="me")
    for _ in range(2 * few):
        history.finished()
    [run] = unfinished(rotated(history, tmp_path))
    assert not run.intents


def test_a_run_that_another_one_ended_does_not_look_interrupted(tmp_path: Path, few: int) -> None:
    history = History()
    killed = history.begin()
    history.done(killed, "build", images={"web:1": "sha256:1"})
    resolver = history.begin()
    history.add("success", resolver, resolves=[killed])
    for _ in range(2 * few):
        history.finished()
    journal = rotated(history, tmp_path, Needed(images={"sha256:1"}))
    assert runs_in(journal.path)[:2] == [killed, resolver]
    assert not unfinished(journal)


def test_releases_that_can_be_rolled_back_stay(tmp_path: Path, few: int) -> None:
    history = History()
    runs = [history.finished(backups=[f"b{number}"]) for number in range(6)]
    history.finished(backups=[])
    for _ in range(2 * few):
        history.finished(command="restart")
    journal = rotated(history, tmp_path, Needed(backups={"b1"}, releases=3))
    assert set(runs_in(journal.path)) >= {runs[1], *runs[3:]}
    assert not set(runs_in(journal.path)) & {runs[0], runs[2]}
    ctx: Any = SimpleNamespace(
        journal=journal,
        settings=SimpleNamespace(backup=SimpleNamespace(keep=SimpleNamespace(releases=3))),
    )
    assert [record["backups"] for record in last_releases(ctx)] == [["b3"], ["b4"], ["b5"]]


def test_what_is_known_of_images_and_tags_stays(tmp_path: Path, few: int) -> None:
    history = History()
    built = history.begin()
    history.done(built, "build", adopted={"sha256:7": "digest"})
    history.add("success", built)
    moved = history.begin("rollback")
    history.done(moved, "images", images={"old:1": "sha256:1"}, moved=["old:1"])
    history.add("success", moved)
    for tag in ("web:1", "web:2", "web:1"):
        pulled = history.begin()
        history.done(pulled, "pull", images={tag: f"sha256:{tag}"})
        history.add("success", pulled)
    for _ in range(2 * few):
        history.finished("health")
    journal = rotated(history, tmp_path, Needed(images={"sha256:7"}, tags={"web:1"}))
    assert runs_in(journal.path)[:3] == [built, moved, pulled]
    ctx: Any = SimpleNamespace(journal=journal)
    assert is_borrowed(ctx, "old:1", "sha256:1") and not is_borrowed(ctx, "web:1", "sha256:web:1")


def test_the_last_duration_of_each_step_stays_known(tmp_path: Path, few: int) -> None:
    history = History()
    history.finished("rollout", "resume", "build")
    for _ in range(2 * few):
        history.finished("health")
    before = facts_of(history.write(tmp_path))
    journal = rotated(history, tmp_path)
    done = journal.last("done", step_kind="build")
    assert done and journal.last("intent", step_kind="build", run=done["run"])
    assert facts_of(journal) == before


def test_runs_that_failed_at_a_migration_are_counted_in_the_archive(
    tmp_path: Path, few: int
) -> None:
    history = History()
    failed = history.begin()
    history.intent(failed, "migrate")
    history.add("failed", failed)
    history.add("ended", failed, whole=True)
    history.lines.append(b"123\n")
    history.finished("migrate")
    for _ in range(2 * few):
        history.finished("health")
    warnings: list[str] = []
    path = rotated(history, tmp_path).path
    journal = Journal(path=path, warn=warnings.append)
    assert failed not in runs_in(path)
    ctx: Any = SimpleNamespace(journal=journal)
    assert migrations.figures(ctx, Span(since=NOW.timestamp()), None)["failed_runs"] == 0
    assert not warnings
    for _ in range(2):
        figures = migrations.figures(ctx, Span(since=0), None)
        assert figures == {"failed_runs": 1, "half_done": False}
    assert warnings == [f"skipped {archive_of(path)}:5: it is not a record"]


def failed_runs(journal: Journal) -> int:
    ctx: Any = SimpleNamespace(journal=journal)
    return int(migrations.figures(ctx, Span(since=0), None)["failed_runs"])


@pytest.fixture
def archived_failure(tmp_path: Path, few: int) -> Path:
    """A journal whose archive has a run that failed at a migration."""
    history = History()
    failed = history.begin()
    history.intent(failed, "migrate")
    history.add("failed", failed)
    history.add("ended", failed, whole=True)
    history.lines.append(b'{"at": "9999-12-31T00:00:00+00:00", "kind": "a later one"}\n')
    history.finished("migrate")
    for _ in range(2 * few):
        history.finished("health")
    return rotated(history, tmp_path).path


def test_the_archive_is_found_through_a_link_to_the_journal(
    tmp_path: Path, archived_failure: Path
) -> None:
    link = tmp_path / "elsewhere" / "journal.jsonl"
    link.parent.mkdir()
    link.symlink_to(archived_failure)
    assert failed_runs(Journal(path=link)) == 1


def test_an_archive_that_was_removed_is_a_warning(archived_failure: Path) -> None:
    archive_of(archived_failure).unlink()
    warnings: list[str] = []
    journal = Journal(path=archived_failure, warn=warnings.append)
    assert [failed_runs(journal), failed_runs(journal)] == [0, 0]
    [warning] = warnings
    assert warning.startswith(f"{archive_of(archived_failure)} is missing")


def test_no_time_of_a_foreign_line_makes_the_record_of_a_rotation_unreadable(
    archived_failure: Path,
) -> None:
    """A reader would never look into the archive, and each run would rotate the journal."""
    warnings: list[str] = []
    journal = Journal(path=archived_failure, warn=warnings.append)
    assert journal.replay().since_rotation.rotated is not None
    assert not is_due(journal) and not warnings
    assert failed_runs(journal) == 1


@pytest.mark.parametrize("seed", range(4))
def test_readers_find_the_same_in_any_journal_after_a_rotation(
    tmp_path: Path, few: int, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - not secret, but reproducible
    for number in range(60):
        folder = tmp_path / str(number)
        folder.mkdir()
        history = random_history(chance, chance.randrange(1, 40))
        before = facts_of(history.write(folder))
        needed = Needed(backups={"b1"}, images={"sha256:1"}, tags={"web:1"}, releases=2)
        journal = rotated(history, folder, needed)
        assert facts_of(journal) == before
        content = lines_of(journal.path)
        assert rotate(journal, needed)
        assert lines_of(journal.path) == content
        journal.append("success")
        assert facts_of(journal) == before


def test_an_archive_without_an_end_is_not_read(tmp_path: Path) -> None:
    history = History(begin=400, days=20)
    for _ in range(10):
        history.finished()
    journal = rotated(history, tmp_path)
    path = archive_of(journal.path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match="not a regular file"):
        list(journal.search(lambda _line: True, since=0.0))
