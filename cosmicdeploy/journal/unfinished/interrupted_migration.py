"""Find the migrate step of an interrupted run that may have left the schema half-migrated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.step_kinds import MIGRATE
from cosmicdeploy.journal.unfinished.interrupted_run import first_backup
from cosmicdeploy.journal.unfinished.unfinished import unfinished


@dataclass(frozen=True, kw_only=True)
class BegunMigration:
    """A migrate step that has begun.

    `before` is the schema's state before the step, from the step's journal record. `backup` is the
    ID of the first backup that the run took, "" if the run took none. `done` is the step's result,
    None if the step did not complete. `failed` says that the undo of the run has begun. `is_own`:
    the current run read `before` itself, so the run itself has created all objects since then.
    """

    before: dict[str, Any]
    backup: str = ""
    done: dict[str, Any] | None = None
    failed: bool = False
    is_own: bool = False


def interrupted_migration(journal: Journal, *, for_undo: bool = False) -> BegunMigration | None:
    """Return the newest migrate step of the interrupted runs.

    Returns None if no run has such a step, or if the step completed and the undo of its run has not
    begun. With `for_undo`, also returns a completed step, and a step of the current run.
    """
    for run in reversed(unfinished(journal, own=for_undo)):
        for intent in reversed(run.intents):
            if intent.kind != MIGRATE:
                continue
            if intent.done and not run.failed and not for_undo:
                return None
            done = intent.facts if intent.done else None
            backup = first_backup([run]) or ""
            return BegunMigration(
                before=intent.before,
                backup=backup,
                done=done,
                failed=run.failed,
                is_own=run.id == journal.run and not intent.before.get("again"),
            )
    return None
