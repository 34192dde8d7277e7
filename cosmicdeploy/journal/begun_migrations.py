"""Migrations in the journal that an unfinished run has begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.step_kinds import MIGRATE
from cosmicdeploy.journal.unfinished import made_backup, unfinished


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A migrate step that has begun: its `before` and the backup that its run made ("" for none).

    `done` are its facts, None if it has not ended. `failed`: its run has begun to undo it.
    """

    before: dict[str, Any]
    backup: str = ""
    done: dict[str, Any] | None = None
    failed: bool = False


def unresolved(journal: Journal, *, own: bool = False) -> Begun | None:
    """Return the last migrate step of an unfinished run; None if it succeeded or there is none.

    `own` includes the current run.
    """
    for run in reversed(unfinished(journal, own=own)):
        for intent in reversed(run.intents):
            if intent.kind != MIGRATE:
                continue
            if intent.done and not run.failed:
                return None
            done = intent.facts if intent.done else None
            backup = made_backup([run]) or ""
            return Begun(before=intent.before, backup=backup, done=done, failed=run.failed)
    return None
