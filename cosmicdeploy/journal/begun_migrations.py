"""What the journal knows of migrations that were begun and that nothing settled since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.step_kinds import MIGRATE
from cosmicdeploy.journal.unfinished import made_backup, unfinished


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A migrate step that was begun: its `before`, the backup that its run made ("" for none), and
    once it was done, what it reported. `failed`: its run went on to undo it."""

    before: dict[str, Any]
    backup: str = ""
    done: dict[str, Any] | None = None
    failed: bool = False


def unresolved(journal: Journal, *, own: bool = False) -> Begun | None:
    """The last migrate step of a run that is not over, unless it ended well; with `own` the run
    that asks is looked at as well."""
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
