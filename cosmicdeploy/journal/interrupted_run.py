"""An interrupted run as the journal shows it: its steps, their previous state, its backups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cosmicdeploy.journal.journal import MAX_LISTED
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import BACKUP
from cosmicdeploy.text.formatting import format_timestamp

UNKNOWN = "(unknown)"


@dataclass(kw_only=True)
class Intent:
    """A step that has begun to change something.

    `options` are its keys in the playbook, `before` is the previous state, which its undo restores.
    `facts` is its result, empty until it is `done`.
    """

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

    `state` is the state of the stack when it began, and `included` the infrastructure that
    `--include` named. `failed` says that its undo has begun.
    `lost_records` are messages about its records that cannot be read, `uncertain_records` about
    unreadable lines that may be its records; if there are any, some of its changes are unknown.
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
    included: Sequence[str] = ()
    failed: bool = False
    intents: list[Intent] = field(default_factory=list)
    lost_records: list[str] = field(default_factory=list)
    uncertain_records: list[str] = field(default_factory=list)

    @property
    def step(self) -> str:
        """The name of its last step; "" before the first."""
        return self.intents[-1].name if self.intents else ""

    def description(self) -> str:
        """Return a one-line summary: command, target, operator, time, and how far it came."""
        where = f"in {self.step}" if self.step else "before it changed anything"
        if self.intents and self.intents[-1].done:
            where = f"after {self.step}"
        undoing = "while it was being undone, " if self.failed else ""
        goal = f"to {self.target}" if self.target else f"of release {self.release}"
        at = format_timestamp(self.at)
        text = f"`cosmicdeploy {self.command}` {goal} by {self.who} at {at} ended {undoing}{where}"
        unread = [*self.lost_records, *self.uncertain_records][:MAX_LISTED]
        return f"{text}; some of its changes are unknown: {', '.join(unread)}" if unread else text


def intents(runs: Iterable[InterruptedRun], kind: str) -> list[Intent]:
    """Return the steps of one kind that these runs have begun, oldest first."""
    return [intent for run in runs for intent in run.intents if intent.kind == kind]


def backups_of(runs: Iterable[InterruptedRun]) -> list[str]:
    """Return the IDs of all backups that these runs took, oldest first."""
    return [str(intent.facts["backup"]) for intent in intents(runs, BACKUP) if intent.done]


def first_backup(runs: Iterable[InterruptedRun]) -> str | None:
    """Return the ID of the first backup of these runs, which holds the state before all of them."""
    return next(iter(backups_of(runs)), None)
