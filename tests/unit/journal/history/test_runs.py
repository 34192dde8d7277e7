"""Runs are found in the journal and in its archive, newest first."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.errors import UsageError
from cosmicdeploy.journal.history.runs import Filters, find_run, find_runs
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.rotation.archive import archive_of
from cosmicdeploy.journal.rotation.needed import Needed
from cosmicdeploy.journal.rotation.rotation import rotate
from tests.unit.journal.history.recorded import Recorded
from tests.unit.journal.rotation.histories import History

pytestmark = pytest.mark.unit


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path).success().failure().earlier().killed()


@pytest.fixture
def rotated(tmp_path: Path) -> Journal:
    """A journal of which a rotation has moved the 30 oldest of 1,030 runs to the archive."""
    history = History(begin=50)
    for number in range(1030):
        history.finished(release=str(number % 3))
    journal = history.write(tmp_path)
    assert rotate(journal, Needed())
    assert archive_of(journal.path).exists()
    return Journal(path=journal.path)


def ids(journal: Journal, most: int | None = None, **filters: object) -> list[str]:
    return [run.id for run in find_runs(journal, Filters(**filters), most).runs]  # type: ignore[arg-type]


def test_runs_are_listed_newest_first(recorded: Recorded) -> None:
    assert ids(recorded.journal) == ["dddd4444", "cccc3333", "bbbb2222", "aaaa1111"]
    found = find_runs(recorded.journal, Filters(), 3)
    assert [run.id for run in found.runs] == ["dddd4444", "cccc3333", "bbbb2222"]
    assert (found.rest, found.has_archive) == (1, False)


def test_filters(recorded: Recorded) -> None:
    recorded.begin("eeee5555", release="3")
    assert ids(recorded.journal, outcome="failed") == ["bbbb2222"]
    assert ids(recorded.journal, outcome="unfinished") == ["eeee5555", "dddd4444"]
    assert ids(recorded.journal, release="3") == ["eeee5555"]
    # What ran at the end counts, too.
    assert ids(recorded.journal, release="1") == ["bbbb2222"]
    since = find_run(recorded.journal, "cccc3333").began
    assert ids(recorded.journal, since=since, release="2") == ["dddd4444", "cccc3333"]


def test_without_a_filter_the_archive_is_read_only_if_all_runs_are_wanted(rotated: Journal) -> None:
    found = find_runs(rotated, Filters(), 10)
    assert [run.id for run in found.runs] == [f"r{number}" for number in range(1030, 1020, -1)]
    assert found.has_archive
    everything = ids(rotated)
    assert everything == [f"r{number}" for number in range(1030, 0, -1)]


def test_with_a_filter_the_archive_is_read(rotated: Journal) -> None:
    found = find_runs(rotated, Filters(outcome="unchanged"), 10)
    assert len(found.runs) == 10 and found.rest == 1020 and not found.has_archive


def test_a_run_is_found_by_its_id_or_the_beginning_of_it(recorded: Recorded) -> None:
    assert find_run(recorded.journal, "bbbb2222").outcome == "failed"
    whole = find_run(recorded.journal, "aa")
    assert whole.summary is not None and whole.summary.series is not None
    assert find_run(recorded.journal, "latest").id == "dddd4444"


def test_a_run_is_found_in_the_archive(rotated: Journal) -> None:
    assert find_run(rotated, "r1").id == "r1"


@pytest.mark.parametrize("reference", ["nothing", "", "\ud800", "aaaa1111x", "deploy"])
def test_an_unknown_run_names_the_command_that_lists_them(
    recorded: Recorded, reference: str
) -> None:
    with pytest.raises(UsageError, match="There is no run") as error:
        find_run(recorded.journal, reference)
    assert "`cosmicdeploy history`" in error.value.todo


def test_an_ambiguous_beginning_is_refused(recorded: Recorded) -> None:
    recorded.begin("aaaa9999")
    with pytest.raises(UsageError, match="ids of several runs begin with 'aaaa'"):
        find_run(recorded.journal, "aaaa")
    assert find_run(recorded.journal, "aaaa9999").id == "aaaa9999"


@pytest.mark.parametrize("run", ['a"b', "ä", "\\x", "a b"])
def test_a_run_with_a_damaged_id_is_found(tmp_path: Path, run: str) -> None:
    journal = Recorded(tmp_path).success(run).journal
    assert find_run(journal, "latest").id == run


def test_an_archive_that_ends_before_the_time_is_not_read(rotated: Journal) -> None:
    archived = find_run(rotated, "r1").began
    archive_of(rotated.path).unlink()
    warnings: list[str] = []
    journal = Journal(path=rotated.path, warn=warnings.append)
    since = find_run(rotated, "r31").began
    assert len(ids(journal, since=since)) == 1000 and warnings == []
    assert ids(journal, since=archived) and len(warnings) == 1


def test_without_any_run(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    assert ids(journal, 10) == []
    with pytest.raises(UsageError, match="No run is recorded yet"):
        find_run(journal, "latest")
