"""Find the migrate step that an interrupted run left half-done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cosmicdeploy.journal.interrupted_run import first_backup
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.step_kinds import MIGRATE
from cosmicdeploy.journal.unfinished import unfinished


@dataclass(frozen=True, kw_only=True)
class BegunMigration:
    """A migrate step that has begun.

    `before` is the state before the step, as its intent records it. `backup` is the ID of the first
    backup of its run, "" if there is none. `done` is the step's result, None if it did not
    complete. `failed` says that the undo of its run has begun.
    """

    before: dict[str, Any]
    backup: str = ""
    done: dict[str, Any] | None = None
    failed: bool = False


def interrupted_migration(journal: Journal, *, own: bool = False) -> BegunMigration | None:
    """Return the last migrate step of the runs that are not over.

    None if there is none, or if the step completed and its run is not being undone. `own` includes
    the current run.
    """
    for run in reversed(unfinished(journal, own=own)):
        for intent in reversed(run.intents):
            if intent.kind != MIGRATE:
                continue
            if intent.done and not run.failed:
                return None
            done = intent.facts if intent.done else None
            backup = first_backup([run]) or ""
            return BegunMigration(before=intent.before, backup=backup, done=done, failed=run.failed)
    return None
