"""What the journal tells of runs that were killed, or could not go back: they are not over yet.

A run is over once it succeeded, or once all that it changed was undone. Until then a later run has
to know what it changed: to go on from there, or to undo it with its own changes, so that a failure
leads back to the state before the *first* of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cosmicdeploy.journal import Journal, Record
from cosmicdeploy.words import moment_of

# The kind of step after which a rollback is in place.
RESUME = "resume"
MIGRATE = "migrate"


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
class PastRun:
    """A run that is not over. `failed`: it was on its way back; `intents` were not undone."""

    id: str
    command: str
    at: str
    who: str
    pid: int
    release: str
    target: str | None
    state: Mapping[str, Any]
    failed: bool = False
    intents: list[Intent] = field(default_factory=list)

    @property
    def step(self) -> str:
        """The step that it was in, or had just ended."""
        return self.intents[-1].name if self.intents else ""

    def told(self) -> str:
        """The run in one line, for people."""
        where = f"in {self.step}" if self.step else "before it changed anything"
        if self.intents and self.intents[-1].done:
            where = f"after {self.step}"
        way = "on its way back, " if self.failed else ""
        goal = f"to {self.target}" if self.target else f"of release {self.release}"
        at = moment_of(self.at)
        return f"`cosmicdeploy {self.command}` {goal} by {self.who} at {at} ended {way}{where}"


def unfinished(journal: Journal, *, own: bool = False) -> list[PastRun]:
    """Runs that are not over, oldest first; the run that asks only with `own`."""
    found: dict[str, PastRun] = {}
    for record in journal.records():
        run = record.get("run", "")
        if record["kind"] == "run" and run and (own or run != journal.run):
            found[run] = _begun(record)
        elif run in found:
            _follow(found, found[run], record)
        for resolved in record.get("resolves", ()):
            found.pop(resolved, None)
        if record["kind"] == "resolved":
            for past in found.values():
                _forget_schema(past)
    return list(found.values())


def under_way(journal: Journal, earlier: Iterable[PastRun]) -> list[PastRun]:
    """Earlier runs that the run that asks goes on from, and that run itself."""
    own = [run for run in unfinished(journal, own=True) if run.id == journal.run]
    return [*earlier, *own]


def made_backup(runs: Iterable[PastRun]) -> str | None:
    """The first backup that such runs made: that of the state before all of them."""
    return next(iter(made_backups(runs)), None)


def made_backups(runs: Iterable[PastRun]) -> list[str]:
    """All backups that such runs made, oldest first."""
    return [str(i.facts["backup"]) for i in intents(runs, "backup") if i.done]


def intents(runs: Iterable[PastRun], kind: str) -> list[Intent]:
    """What such runs began of one kind of step, oldest first."""
    return [intent for run in runs for intent in run.intents if intent.kind == kind]


def _begun(record: Record) -> PastRun:
    return PastRun(
        id=record["run"],
        command=record["command"],
        at=record["at"],
        who=record["who"],
        pid=record["pid"],
        release=record["release"],
        target=record["target"],
        state=record["state"],
    )


def _follow(found: dict[str, PastRun], run: PastRun, record: Record) -> None:
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


def _forget_schema(run: PastRun) -> None:
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


def _begun_step(run: PastRun, record: Record) -> list[Intent]:
    """The step that a record is about; none where its line was lost."""
    return [i for i in run.intents if i.name == record["step"]][-1:]
