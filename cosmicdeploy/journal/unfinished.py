"""Interrupted runs in the journal: killed, or failed without a complete undo.

A run is over once it has succeeded, or once all its changes are undone. Until then a later run has
to know these changes: to resume the run, or to undo it together with its own changes, so that a
failure leads back to the state before the *first* of the runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cosmicdeploy.journal.journal import SHOWN, Journal, Record, Unreadable
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import BACKUP, MIGRATE, RESUME
from cosmicdeploy.text.formatting import format_timestamp

UNKNOWN = "(unknown)"
# Records that say what a run has changed.
CHANGING = ("run", "intent")


@dataclass(kw_only=True)
class Intent:
    """A step that has begun to change something; `options` are its keys in the playbook."""

    name: str
    kind: str
    options: Mapping[str, Any]
    summary: str
    before: dict[str, Any]
    done: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class InterruptedRun:
    """A run that is not over; `intents` are its steps that are not undone.

    `failed`: its undo has begun. `lost`: records of it that cannot be read. `doubts`: unreadable
    lines that may be records of it. With either, not all its changes are known.
    """

    id: str
    command: str
    kind: RunKind = RunKind.OTHER
    at: str = ""
    who: str = UNKNOWN
    pid: int = 0
    release: str = UNKNOWN
    target: str | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    failed: bool = False
    intents: list[Intent] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    @property
    def step(self) -> str:
        """The name of its last step; "" before the first."""
        return self.intents[-1].name if self.intents else ""

    def description(self) -> str:
        """The run in one line, as text."""
        where = f"in {self.step}" if self.step else "before it changed anything"
        if self.intents and self.intents[-1].done:
            where = f"after {self.step}"
        undoing = "while it was undone, " if self.failed else ""
        goal = f"to {self.target}" if self.target else f"of release {self.release}"
        at = format_timestamp(self.at)
        text = f"`cosmicdeploy {self.command}` {goal} by {self.who} at {at} ended {undoing}{where}"
        unread = [*self.lost, *self.doubts][:SHOWN]
        return f"{text}; what it changed is not all known: {', '.join(unread)}" if unread else text


def unfinished(journal: Journal, *, own: bool = False) -> list[InterruptedRun]:
    """Return the runs that are not over, oldest first; with `own`, also the current run."""
    reader = _Reader("" if own else journal.run)
    for entry in journal.entries():
        if isinstance(entry, Unreadable):
            reader.doubt(entry)
        else:
            reader.take(entry)
    return list(reader.open.values())


class _Reader:
    """Reads the journal entry by entry; `open` are the runs that are not over so far."""

    def __init__(self, excluded: str) -> None:
        self.open: dict[str, InterruptedRun] = {}
        self._excluded = excluded
        self._begun: set[str] = set()
        self._last = ""

    def take(self, record: Record) -> None:
        """Apply a record."""
        run, kind = record.get("run", ""), record["kind"]
        if kind == "run" and run:
            self._begin(_begun(record))
        elif run in self.open or (kind == "intent" and self._begins_unseen(run)):
            _follow(self.open, self.open[run], record)
        for resolved in record.get("resolves", ()):
            self.open.pop(resolved, None)
        if kind == "resolved":
            for past in self.open.values():
                _forget_schema(past)

    def doubt(self, line: Unreadable) -> None:
        """Apply an unreadable line: it may say what a run changed. One run writes at a time."""
        where = f"line {line.line} of the journal cannot be read"
        if line.run in self.open or (line.kind in CHANGING and self._begins_unseen(line.run)):
            self.open[line.run].lost.append(where)
            if line.kind == "success":
                del self.open[line.run]
        elif line.run not in self._begun and self._last in self.open:
            self.open[self._last].doubts.append(where)

    def _begin(self, run: InterruptedRun) -> None:
        self._last = run.id
        if run.id in self.open:  # its intents are needed for the undo
            self.open[run.id].lost.append("its first record is repeated or follows others")
        elif run.id != self._excluded:
            self.open[run.id] = run
            self._begun.add(run.id)

    def _begins_unseen(self, run: str) -> bool:
        """Open a run whose first record cannot be read; return False if there is none to open."""
        if not run or run == self._excluded or run in self._begun:
            return False
        self._begin(
            InterruptedRun(id=run, command=UNKNOWN, lost=["its first record cannot be read"])
        )
        return True


def under_way(journal: Journal, resumed: Iterable[InterruptedRun]) -> list[InterruptedRun]:
    """Return the runs that the current run resumes, then the current run."""
    own = [run for run in unfinished(journal, own=True) if run.id == journal.run]
    return [*resumed, *own]


def made_backup(runs: Iterable[InterruptedRun]) -> str | None:
    """Return the first backup of these runs, which holds the state before all of them."""
    return next(iter(made_backups(runs)), None)


def made_backups(runs: Iterable[InterruptedRun]) -> list[str]:
    """Return all backups of these runs, oldest first."""
    return [str(i.facts["backup"]) for i in intents(runs, BACKUP) if i.done]


def intents(runs: Iterable[InterruptedRun], kind: str) -> list[Intent]:
    """Return the steps of one kind that these runs have begun, oldest first."""
    return [intent for run in runs for intent in run.intents if intent.kind == kind]


def _begun(record: Record) -> InterruptedRun:
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
    )


def _follow(open_runs: dict[str, InterruptedRun], run: InterruptedRun, record: Record) -> None:
    match record["kind"]:
        case "intent":
            run.intents.append(_intent(record))
        case "done" if record["step_kind"] == RESUME:
            del open_runs[run.id]  # clients may have written data since
        case "done":
            for intent in _begun_step(run, record):
                intent.done, intent.facts = True, record["facts"]
        case "failed":
            run.failed = True
        case "undone":
            run.failed = True  # by this run or a later one
            for intent in _begun_step(run, record):
                run.intents.remove(intent)
        case "success":
            del open_runs[run.id]
        case "ended" if record["whole"]:
            del open_runs[run.id]


def _forget_schema(run: InterruptedRun) -> None:
    """Forget the schema: an operator repaired it, so it is neither undone nor compared."""
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


def _begun_step(run: InterruptedRun, record: Record) -> list[Intent]:
    """Return the step that a record is about; empty if its intent cannot be read."""
    return [i for i in run.intents if i.name == record["step"]][-1:]
