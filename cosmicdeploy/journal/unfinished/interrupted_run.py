"""An interrupted run as the journal records it: its steps, and the state before each step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cosmicdeploy.journal.lines import MAX_LISTED
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import BACKUP
from cosmicdeploy.text.formatting import format_timestamp

UNKNOWN = "(unknown)"


@dataclass(kw_only=True)
class Intent:
    """A step that has begun to change something.

    `options` are the step's keys in the playbook. `summary` says in a line what the step was to
    change. `before` is the state before the step, which the step's undo restores. `facts` is the
    step's result; it is empty until the step is `done`.
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
    """A run that is not over: it has neither succeeded nor been undone completely.

    `at` is the time when the run began, in ISO 8601. `target` is the ID of the backup that a
    rollback goes back to; None for any other run. `state` is the state of the stack before the run.
    `included` are the services that `--include` named. `failed` says that the undo of the run has
    begun, and `undo_failed` that it has ended without undoing everything. `intents` are the steps
    that have begun and are not undone.

    `lost_records` are messages about records of the run that cannot be read. `uncertain_records`
    are messages about unreadable lines that may be records of the run. If there is any such
    message, some of the run's changes are unknown.
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
    undo_failed: bool = False
    intents: list[Intent] = field(default_factory=list)
    lost_records: list[str] = field(default_factory=list)
    uncertain_records: list[str] = field(default_factory=list)

    @property
    def step(self) -> str:
        """The name of the last step that is not undone; "" if there is none."""
        return self.intents[-1].name if self.intents else ""

    def description(self) -> str:
        """Return one line of text: the command, its target, operator, time and last step."""
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
    """Return the steps of one kind that these runs began and have not undone, oldest first."""
    return [intent for run in runs for intent in run.intents if intent.kind == kind]


def backups_of(runs: Iterable[InterruptedRun]) -> list[str]:
    """Return the IDs of all backups that these runs took, oldest first."""
    return [str(intent.facts["backup"]) for intent in intents(runs, BACKUP) if intent.done]


def first_backup(runs: Iterable[InterruptedRun]) -> str | None:
    """Return the ID of the first backup that these runs took; None if they took none."""
    return next(iter(backups_of(runs)), None)
