"""Find runs in a journal and its archive."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cosmicdeploy.errors import UsageError
from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.journal.history.fold import entries
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.lines import Record
from cosmicdeploy.text.shorten import cut

LATEST = "latest"


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which runs to list; a filter that is "" or None leaves nothing out.

    `release` is a release that the run was to put in place, or that ran at the run's end. `since`
    (Unix time) leaves out the runs that began earlier.
    """

    release: str = ""
    outcome: str = ""
    since: float | None = None

    def matches(self, entry: RunEntry) -> bool:
        """Return whether a run is to be listed."""
        releases = {entry.release}
        if entry.summary is not None:
            releases |= {entry.summary.release, *entry.summary.releases.values()}
        return (
            self.release in ("", *releases)
            and self.outcome in ("", entry.outcome)
            and (self.since is None or entry.began >= self.since)
        )

    def __bool__(self) -> bool:
        return self != Filters()


@dataclass(frozen=True, kw_only=True)
class Found:
    """The runs that were found, newest first; `rest` counts the older ones that were left out.

    `has_archive`: the archive was not read, and may have more runs.
    """

    runs: Sequence[RunEntry]
    rest: int = 0
    has_archive: bool = False


def find_runs(journal: Journal, filters: Filters, most: int | None) -> Found:
    """Return the newest runs that match the filters: at most `most` of them, all if it is None.

    Reads the archive if `most` is None, if there are filters, or if the journal has fewer than
    `most` runs. With the filter `since`, the archive is skipped if all its records are older.
    Memory does not grow with the length of the journal unless all runs are wanted.
    """
    has_archive = journal.replay().since_rotation.rotated is not None
    if most is not None and not filters and has_archive:
        found = _newest(_entries(journal, None), filters, most)
        if len(found.runs) == most:
            return Found(runs=found.runs, rest=found.rest, has_archive=True)
    return _newest(_entries(journal, filters.since or 0.0), filters, most)


def find_run(journal: Journal, reference: str) -> RunEntry:
    """Return the run with this id, else the only run whose id begins with `reference`.

    "latest" is the run that began last. Raises `UsageError` if there is no such run, or if several
    ids begin with `reference`.
    """
    if reference == LATEST:
        found = find_runs(journal, Filters(), 1).runs
        if not found:
            raise UsageError(
                "No run is recorded yet",
                where=str(journal.path),
                todo="`cosmicdeploy deploy` records one; `cosmicdeploy status` shows what runs",
            )
        return _whole(journal, found[0])
    named = _named(journal, reference) if reference else ()
    runs = [each for each in named if each.id.startswith(reference)]
    matching = [each for each in runs if each.id == reference] or runs
    if len(matching) != 1:
        what = "The ids of several runs begin with" if matching else "There is no run"
        raise UsageError(
            f"{what} {cut(reference, 40)!r}",
            where=str(journal.path),
            todo="`cosmicdeploy history` lists the runs with their ids",
        )
    return matching[0]


def _named(journal: Journal, reference: str) -> Sequence[RunEntry]:
    """Return the runs with a record that contains the text.

    Reads the archive only if no run in the journal has exactly this id.
    """
    text = json.dumps(reference, ensure_ascii=False)[1:-1].encode(errors="replace")

    def mentions(line: bytes) -> bool:
        return text in line

    found = list(entries(journal.search(mentions, summaries=True)))
    if any(each.id == reference for each in found):
        return found
    return list(entries(journal.search(mentions, since=0.0, summaries=True)))


def _whole(journal: Journal, entry: RunEntry) -> RunEntry:
    """Return the run with all parts of its summary."""
    # A damaged journal may spell the id with escapes, so that no line contains it as it is.
    return next((each for each in _named(journal, entry.id) if each.id == entry.id), entry)


def _entries(journal: Journal, since: float | None) -> Iterator[RunEntry]:
    """Yield the brief entries of all runs; those of the archive only with `since` (Unix time)."""

    def is_wanted(_line: bytes) -> bool:
        return True

    records: Iterable[Record] = journal.search(is_wanted, since=since, summaries=True)
    return entries(records, brief=True)


def _newest(runs: Iterable[RunEntry], filters: Filters, most: int | None) -> Found:
    count = 0

    def matching() -> Iterator[tuple[float, int, RunEntry]]:
        nonlocal count
        for run in runs:
            if filters.matches(run):
                count += 1
                yield run.began, count, run  # if runs began at the same time, the later record wins

    newest = sorted(matching(), reverse=True) if most is None else heapq.nlargest(most, matching())
    return Found(runs=[run for _, _, run in newest], rest=count - len(newest))
