"""Find the runs that are not over: interrupted runs, and the current run.

A run is over once it has succeeded, once all its changes are undone, or once a later run has taken
care of it. A rollback is also over once its step `resume` has let clients in. A run is interrupted
if it was killed, or if it failed without a complete undo.

A later run needs to know what an interrupted run changed. It either undoes the interrupted run or
resumes it. If it resumes and then fails, it undoes both: back to the state before the *first* run.
"""

from __future__ import annotations

from collections.abc import Iterable

from cosmicdeploy.journal.interrupted_run import UNKNOWN, Intent, InterruptedRun
from cosmicdeploy.journal.journal import Journal, Record, UnreadableLine
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import MIGRATE, RESUME

# Kinds of records without which it is unknown what a run changed.
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
    """Replays the journal entry by entry, to find the runs that are not over.

    `open` maps the ids of these runs to the runs, as far as the journal was replayed. The run with
    the id `excluded` is ignored.
    """

    def __init__(self, excluded: str) -> None:
        self.open: dict[str, InterruptedRun] = {}
        self._excluded = excluded
        self._begun: set[str] = set()
        self._last = ""

    def apply(self, record: Record) -> None:
        """Apply a record to its run, and close the runs that the record resolves."""
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
        """Note an unreadable line in the run that wrote it.

        If the line names no known run, the run that began last may have written it, because only
        one run writes at a time. An unreadable `success` record still ends its run.
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
            self.open[run.id].lost_records.append("its first record is repeated or not the first")
        elif run.id != self._excluded:
            self.open[run.id] = run
            self._begun.add(run.id)

    def _begin_without_record(self, run: str) -> bool:
        """Begin a run at a later record, because its first record cannot be read.

        Returns False, and does nothing, if `run` is "", is excluded, or has already begun.
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
            del open_runs[run.id]  # clients write again, and an undo would lose what they write
        case "done":
            for intent in _intent_of(run, record):
                intent.done, intent.facts = True, record["facts"]
        case "failed":
            run.failed = True
        case "undone":
            run.failed = True  # the run is being undone, by itself or by a later run
            for intent in _intent_of(run, record):
                run.intents.remove(intent)
        case "success" | "ended":
            run.undo_failed = not record.get("whole", True)  # a success is whole
            if not run.undo_failed:
                del open_runs[run.id]


def _forget_schema(run: InterruptedRun) -> None:
    """Remove the schema from a run's steps and state, because an operator has repaired the schema.

    So no undo changes the schema, or compares it.
    """
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
    """Return the last intent of the step that a record names, or an empty list if there is none."""
    return [intent for intent in run.intents if intent.name == record["step"]][-1:]
