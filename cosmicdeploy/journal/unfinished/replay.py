"""Replay the journal record by record, and keep only the facts that readers need.

A replay takes the same memory for a short journal as for a long one: it keeps the runs that are
not over, and a bounded number of ids of other runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cosmicdeploy.journal.lines import MAX_LISTED, SUMMARY, Record, UnreadableLine
from cosmicdeploy.journal.rotation.since_rotation import SinceRotation
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import MIGRATE, RESUME
from cosmicdeploy.journal.unfinished.interrupted_run import UNKNOWN, Intent, InterruptedRun

# Kinds of records without which it is unknown what a run changed.
CHANGING = ("run", "intent")
# This many ids of runs are kept. A run becomes unknown only if this many other runs begin between
# two of its records.
MAX_BEGUN = 5000


@dataclass(kw_only=True)
class Replay:
    """The runs that are not over, as far as the journal was replayed, by their ids.

    `begun` are the ids of the runs that began last, oldest first. `last` is the id of the run that
    began last, even if its records are in the archive.
    """

    open: dict[str, InterruptedRun] = field(default_factory=dict)
    since_rotation: SinceRotation = field(default_factory=SinceRotation)
    begun: dict[str, None] = field(default_factory=dict)
    last: str = ""

    def copy(self) -> Replay:
        """Return an independent copy; `before` and `facts` of steps are shared."""
        return replace(
            self,
            open={name: _copied(run) for name, run in self.open.items()},
            since_rotation=replace(self.since_rotation),
            begun=dict(self.begun),
        )

    def apply(self, entry: Record | UnreadableLine) -> None:
        """Take the next record or unreadable line of the journal into account."""
        if isinstance(entry, UnreadableLine):
            self._apply_unreadable(entry)
        else:
            self._apply_record(entry)
            if entry["kind"] == "rotated":  # the last run may be in the archive
                self.last = entry.get("last", "")
            self.since_rotation.apply(entry)

    def _apply_record(self, record: Record) -> None:
        """Apply a record to its run, and close the runs that the record resolves.

        A record `resolved` applies to all open runs: an operator has repaired the schema.
        """
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

    def _apply_unreadable(self, line: UnreadableLine) -> None:
        """Note an unreadable line in the run that wrote it.

        If the line names no known run, the run that began last may have written it, because only
        one run writes at a time. An unreadable `success` record still ends its run, and an
        unreadable summary means nothing, since no run depends on it.
        """
        if line.kind == SUMMARY:
            return
        where = f"line {line.line} of the journal cannot be read"
        if line.run in self.open or (
            line.kind in CHANGING and self._begin_without_record(line.run)
        ):
            _note(self.open[line.run].lost_records, where)
            if line.kind == "success":
                del self.open[line.run]
        elif line.run not in self.begun and self.last in self.open:
            _note(self.open[self.last].uncertain_records, where)

    def _begin(self, run: InterruptedRun) -> None:
        self.last = run.id
        if run.id in self.open:  # keep its intents, which the undo needs
            _note(self.open[run.id].lost_records, "its first record is repeated or not the first")
            return
        self.open[run.id] = run
        self.begun[run.id] = None
        if len(self.begun) > MAX_BEGUN:
            del self.begun[next(iter(self.begun))]

    def _begin_without_record(self, run: str) -> bool:
        """Begin a run at a later record, because its first record cannot be read.

        Returns False, and does nothing, if `run` is "" or has already begun.
        """
        if not run or run in self.begun:
            return False
        lost = ["its first record cannot be read"]
        self._begin(InterruptedRun(id=run, command=UNKNOWN, lost_records=lost))
        return True


def _note(messages: list[str], message: str) -> None:
    """Add a message about an unreadable record, unless there are as many as are ever shown."""
    if len(messages) < MAX_LISTED:
        messages.append(message)


def _copied(run: InterruptedRun) -> InterruptedRun:
    return replace(
        run,
        intents=[replace(intent) for intent in run.intents],
        lost_records=list(run.lost_records),
        uncertain_records=list(run.uncertain_records),
    )


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
            run.failed = True  # this run or a later run is undoing it
            for intent in _intent_of(run, record):
                run.intents.remove(intent)
        case "success" | "ended":
            run.undo_failed = not record.get("whole", True)  # a `success` record has no `whole`
            if not run.undo_failed:
                del open_runs[run.id]


def _forget_schema(run: InterruptedRun) -> None:
    """Remove the schema from a run's steps and state, because an operator has repaired the schema.

    After that, no undo changes the schema or compares it.
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
