"""Find the runs that are not over: interrupted runs, and the current run.

A run is over once it has succeeded, or once all its changes are undone. A run that was killed, or
failed without a complete undo, is interrupted: a later run has to know its changes, either to
resume it, or to undo it together with its own changes, so that a failure leads back to the state
before the *first* of the runs.
"""

from __future__ import annotations

from collections.abc import Iterable

from cosmicdeploy.journal.interrupted_run import UNKNOWN, Intent, InterruptedRun
from cosmicdeploy.journal.journal import Journal, Record, UnreadableLine
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import MIGRATE, RESUME

# Kinds of records that say what a run changes.
CHANGING = ("run", "intent")


def unfinished(journal: Journal, *, own: bool = False) -> list[InterruptedRun]:
    """Return the interrupted runs, oldest first; with `own`, also the current run."""
    replay = _Replay("" if own else journal.run)
    for entry in journal.entries():
        if isinstance(entry, UnreadableLine):
            replay.apply_unreadable(entry)
        else:
            replay.apply(entry)
    return list(replay.open.values())


def resumed_and_current(
    journal: Journal, resumed: Iterable[InterruptedRun]
) -> list[InterruptedRun]:
    """Return the runs that the current run resumes, then the current run."""
    own = [run for run in unfinished(journal, own=True) if run.id == journal.run]
    return [*resumed, *own]


class _Replay:
    """Reads the journal entry by entry; `open` holds the runs that are not over so far, by id.

    Ignores the run with the id `excluded`.
    """

    def __init__(self, excluded: str) -> None:
        self.open: dict[str, InterruptedRun] = {}
        self._excluded = excluded
        self._begun: set[str] = set()
        self._last = ""

    def apply(self, record: Record) -> None:
        """Apply a record."""
        run, kind = record.get("run", ""), record["kind"]
        if kind == "run" and run:
            self._begin(_started_run(record))
        elif run in self.open or (kind == "intent" and self._begin_without_record(run)):
            _update(self.open, self.open[run], record)
        for resolved in record.get("resolves", ()):
            self.open.pop(resolved, None)
        if kind == "resolved":
            for earlier in self.open.values():
                _forget_schema(earlier)

    def apply_unreadable(self, line: UnreadableLine) -> None:
        """Add an unreadable line to its run.

        If it names no known run, the last run may have written it: only one run writes at a time.
        """
        where = f"line {line.line} of the journal cannot be read"
        if line.run in self.open or (
            line.kind in CHANGING and self._begin_without_record(line.run)
        ):
            self.open[line.run].lost_records.append(where)
            if line.kind == "success":
                del self.open[line.run]
        elif line.run not in self._begun and self._last in self.open:
            self.open[self._last].uncertain_records.append(where)

    def _begin(self, run: InterruptedRun) -> None:
        self._last = run.id
        if run.id in self.open:  # keep its intents, which the undo needs
            self.open[run.id].lost_records.append("its first record is repeated or follows others")
        elif run.id != self._excluded:
            self.open[run.id] = run
            self._begun.add(run.id)

    def _begin_without_record(self, run: str) -> bool:
        """Begin a run whose first record cannot be read.

        Return False, and do nothing, if `run` is "", excluded, or has already begun.
        """
        if not run or run == self._excluded or run in self._begun:
            return False
        lost = ["its first record cannot be read"]
        self._begin(InterruptedRun(id=run, command=UNKNOWN, lost_records=lost))
        return True


def _started_run(record: Record) -> InterruptedRun:
    return InterruptedRun(
        id=record["run"],
        command=record["command"],
        kind=RunKind.of_record(record),
        at=record["at"],
        who=record["who"],
        pid=record["pid"],
        release=record["release"],
        target=record["target"],
        state=record["state"],
        included=record.get("included", ()),
    )


def _update(open_runs: dict[str, InterruptedRun], run: InterruptedRun, record: Record) -> None:
    """Apply a record to its run, and remove the run from `open_runs` if the record ends it."""
    match record["kind"]:
        case "intent":
            run.intents.append(_intent(record))
        case "done" if record["step_kind"] == RESUME:
            del open_runs[run.id]  # clients are let in again: an undo would lose what they write
        case "done":
            for intent in _intent_of(run, record):
                intent.done, intent.facts = True, record["facts"]
        case "failed":
            run.failed = True
        case "undone":
            run.failed = True  # the run itself or a later one undoes it
            for intent in _intent_of(run, record):
                run.intents.remove(intent)
        case "success":
            del open_runs[run.id]
        case "ended" if record["whole"]:
            del open_runs[run.id]


def _forget_schema(run: InterruptedRun) -> None:
    """Forget the schema, so that no undo changes or compares it: an operator has repaired it."""
    run.intents = [intent for intent in run.intents if intent.kind != MIGRATE]
    run.state = {**run.state, "schema": None, "migrations": None}


def _intent(record: Record) -> Intent:
    return Intent(
        name=record["step"],
        kind=record["step_kind"],
        options=record["options"],
        summary=record["change"],
        before=record["before"],
    )


def _intent_of(run: InterruptedRun, record: Record) -> list[Intent]:
    """Return the intent of the step that a record names; empty if the journal has none."""
    return [intent for intent in run.intents if intent.name == record["step"]][-1:]
