"""Fold the records of a journal into entries, one for each run, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from cosmicdeploy.journal.history.entry import BegunStep, End, RunEntry
from cosmicdeploy.journal.lines import SUMMARY, Record
from cosmicdeploy.journal.records.origin import Origin
from cosmicdeploy.journal.records.summary import Summary
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.unfinished.interrupted_run import UNKNOWN

# At most this many entries are in memory. That is enough, since only one run writes at a time: few
# other runs begin between the first and the last record of a run. Only an interrupted run may be
# ended much later, so the entries of runs that are over leave the memory first.
WINDOW = 1000
# The parts of a summary that only a single run's page shows.
LONG_PARTS = ("series", "phases", "points", "maintenance", "gaps")
# The facts of a step by which a list shows the run's backup.
SHORT_FACTS = ("backup",)
# Kinds of records that are about the journal, although a run wrote them.
OF_THE_JOURNAL = ("rotating", "rotated")


def entries(records: Iterable[Record], *, brief: bool = False) -> Iterator[RunEntry]:
    """Yield an entry for each run, in the order of their first records.

    An interrupted run may come later than runs that began after it. `brief` leaves out the parts
    that a list does not show.
    """
    window: dict[str, RunEntry] = {}
    for record in records:
        run = record.get("run", "")
        if run and record["kind"] not in OF_THE_JOURNAL:
            entry = window.setdefault(run, RunEntry(id=run, at=record["at"]))
            _apply(entry, _brief(record) if brief else record)
        _resolve(window, run, record.get("resolves", ()))
        if len(window) > WINDOW:
            yield window.pop(_oldest(window))
    yield from window.values()


def _resolve(window: Mapping[str, RunEntry], run: str, resolved: Iterable[str]) -> None:
    """Note which runs a record has ended; `run` is the run that wrote it, "" if none did."""
    ended = [each for each in resolved if each != run]
    for each in ended:
        if each in window:
            window[each].resolved_by = run or UNKNOWN
    if run in window:
        window[run].resolves = [*dict.fromkeys([*window[run].resolves, *ended])]


def _oldest(window: Mapping[str, RunEntry]) -> str:
    """Return the id of the oldest run that is over; if none is, that of the oldest run."""
    over = (name for name, entry in window.items() if entry.is_over)
    return next(over, next(iter(window)))


def _brief(record: Record) -> Record:
    if record["kind"] == "done":
        facts = {name: each for name, each in record["facts"].items() if name in SHORT_FACTS}
        return {**record, "facts": facts}
    if record["kind"] != SUMMARY:
        return record
    short = {name: value for name, value in record.items() if name not in LONG_PARTS}
    return {**short, "steps": [{**step, "facts": {}} for step in record.get("steps", ())]}


def _apply(entry: RunEntry, record: Record) -> None:
    match record["kind"]:
        case "run":
            _begin(entry, record)
        case "intent" | "done" | "undone":
            _apply_step(entry, record)
        case "failed":
            entry.failed_at, entry.failure = record["at"], str(record.get("error", ""))
        case "ended" | "success":
            _end(entry, record)
        case "summary":
            entry.summary = Summary.model_validate(record)


def _apply_step(entry: RunEntry, record: Record) -> None:
    name, at = record["step"], record["at"]
    if record["kind"] == "intent":
        kind, change = record["step_kind"], record["change"]
        entry.begun.append(BegunStep(name=name, kind=kind, change=change, began_at=at))
        return
    # The last step with this name; none if the record of its beginning cannot be read.
    for step in [each for each in entry.begun if each.name == name][-1:]:
        if record["kind"] == "undone":
            step.undone_at = at
        else:
            step.done_at, step.facts = at, record["facts"]


def _begin(entry: RunEntry, record: Record) -> None:
    entry.at, entry.command, entry.who = record["at"], record["command"], record["who"]
    entry.kind = RunKind.of_record(record)
    entry.release, entry.target = record["release"], record["target"]
    entry.included = record.get("included", ())
    entry.origin = Origin.of_record(record)
    entry.releases_before = _texts(record.get("releases"))


def _texts(value: object) -> dict[str, str]:
    """Return a mapping without the values that are not texts; empty if `value` is no mapping."""
    items = value.items() if isinstance(value, dict) else ()
    return {name: text for name, text in items if isinstance(text, str)}


def _end(entry: RunEntry, record: Record) -> None:
    is_whole = record.get("whole", True)  # a `success` record has no `whole`
    undone: End = "undone" if is_whole else "not undone"
    if entry.end != "success":  # a failure after the success does not undo the steps
        entry.end = "success" if record["kind"] == "success" else undone
        entry.ended_at = record["at"]
