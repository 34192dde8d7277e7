"""What the journal tells of runs that were killed, or could not go back: they are not over yet.

A run is over once it succeeded, or once all that it changed was undone. Until then a later run has
to know what it changed: to go on from there, or to undo it with its own changes, so that a failure
leads back to the state before the *first* of them.
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
# Records without which it is not known what a run changed.
CHANGING = ("run", "intent")


@dataclass(kw_only=True)
class Intent:
    """A step that began to change something; `options` are its keys in the playbook."""

    name: str
    kind: str
    options: Mapping[str, Any]
    summary: str
    before: dict[str, Any]
    done: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class InterruptedRun:
    """A run that is not over. `failed`: it was on its way back; `intents` were not undone.

    `lost` are records of it that cannot be read, `doubts` lines that may have been such: what it
    changed is not all known then.
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
        """The step that it was in, or had just ended."""
        return self.intents[-1].name if self.intents else ""

    def description(self) -> str:
        """The run in one line, for people."""
        where = f"in {self.step}" if self.step else "before it changed anything"
        if self.intents and self.intents[-1].done:
            where = f"after {self.step}"
        way = "on its way back, " if self.failed else ""
        goal = f"to {self.target}" if self.target else f"of release {self.release}"
        at = format_timestamp(self.at)
        told = f"`cosmicdeploy {self.command}` {goal} by {self.who} at {at} ended {way}{where}"
        unread = [*self.lost, *self.doubts][:SHOWN]
        return f"{told}; what it changed is not all known: {', '.join(unread)}" if unread else told


def unfinished(journal: Journal, *, own: bool = False) -> list[InterruptedRun]:
    """Runs that are not over, oldest first; the run that asks only with `own`."""
    reading = _Reader("" if own else journal.run)
    for entry in journal.entries():
        if isinstance(entry, Unreadable):
            reading.doubt(entry)
        else:
            reading.take(entry)
    return list(reading.open.values())


class _Reader:
    """The journal, entry by entry; `open` are the runs that are not over so far."""

    def __init__(self, besides: str) -> None:
        self.open: dict[str, InterruptedRun] = {}
        self._besides = besides
        self._begun: set[str] = set()
        self._last = ""

    def take(self, record: Record) -> None:
        """What a record tells."""
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
        """A line that cannot be read may have told what a run changed. One run writes at a time."""
        where = f"line {line.line} of the journal cannot be read"
        if line.run in self.open or (line.kind in CHANGING and self._begins_unseen(line.run)):
            self.open[line.run].lost.append(where)
            if line.kind == "success":
                del self.open[line.run]
        elif line.run not in self._begun and self._last in self.open:
            self.open[self._last].doubts.append(where)

    def _begin(self, run: InterruptedRun) -> None:
        self._last = run.id
        if run.id in self.open:  # its intents are what there is to go back by
            self.open[run.id].lost.append("its first record is repeated or stands behind others")
        elif run.id != self._besides:
            self.open[run.id] = run
            self._begun.add(run.id)

    def _begins_unseen(self, run: str) -> bool:
        """Take up a run whose first record is not known; False where that is known."""
        if not run or run == self._besides or run in self._begun:
            return False
        self._begin(
            InterruptedRun(id=run, command=UNKNOWN, lost=["its first record cannot be read"])
        )
        return True


def under_way(journal: Journal, earlier: Iterable[InterruptedRun]) -> list[InterruptedRun]:
    """Earlier runs that the run that asks goes on from, and that run itself."""
    own = [run for run in unfinished(journal, own=True) if run.id == journal.run]
    return [*earlier, *own]


def made_backup(runs: Iterable[InterruptedRun]) -> str | None:
    """The first backup that such runs made: that of the state before all of them."""
    return next(iter(made_backups(runs)), None)


def made_backups(runs: Iterable[InterruptedRun]) -> list[str]:
    """All backups that such runs made, oldest first."""
    return [str(i.facts["backup"]) for i in intents(runs, BACKUP) if i.done]


def intents(runs: Iterable[InterruptedRun], kind: str) -> list[Intent]:
    """What such runs began of one kind of step, oldest first."""
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


def _follow(found: dict[str, InterruptedRun], run: InterruptedRun, record: Record) -> None:
    match record["kind"]:
        case "intent":
            run.intents.append(_intent(record))
        case "done" if record["step_kind"] == RESUME:
            del found[run.id]  # whatever came after it, data may have been written since
        case "done":
            for intent in _begun_step(run, record):
                intent.done, intent.facts = True, record["facts"]
        case "failed":
            run.failed = True
        case "undone":
            run.failed = True  # whoever undoes it: the way back has begun
            for intent in _begun_step(run, record):
                run.intents.remove(intent)
        case "success":
            del found[run.id]
        case "ended" if record["whole"]:
            del found[run.id]


def _forget_schema(run: InterruptedRun) -> None:
    """A person took the schema over, so it is neither undone nor compared any more."""
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
    """The step that a record is about; none where its line was lost."""
    return [i for i in run.intents if i.name == record["step"]][-1:]
