"""Migrations of a framework that cannot go back: they stay applied after an undo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.journal.unfinished.interrupted_migration import BegunMigration
from cosmicdeploy.migrations.names import summarize_names
from cosmicdeploy.migrations.preview import DONE, NOT_DONE
from cosmicdeploy.steps.schema.interrupted_migrations import (
    MigrationProgress,
    State,
    compare_with_schema,
    half_done_error,
)
from cosmicdeploy.steps.schema.undoing.recorded import Before, was_empty


@dataclass(frozen=True, kw_only=True)
class Stay:
    """What the plan says and the journal records of migrations that an undo leaves applied."""

    notice: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)


def stay_if_undone(ctx: Context, before: Before) -> Stay:
    """Return what to say and to record of migrations that an undo leaves applied.

    Nothing if the framework can go back. Nothing for the first migrations of an empty schema, since
    the deployer itself drops what they created.
    """
    if ctx.framework.can_go_back or was_empty(before):
        return Stay()
    return Stay(
        notice=f"; stays if a later step fails: {ctx.framework.name} cannot go back",
        record={"stays_by": ctx.framework.name},
    )


def names_that_stay(before: Before) -> str:
    """Return a text about the migrations that an undo leaves applied; "" if it leaves none."""
    if not before.get("stays_by"):
        return ""
    names = summarize_names(before.get("names") or ["all migrations"])
    return f"{before['stays_by']} cannot go back, so this stays, as far as it ran: {names}"


def leave_applied(ctx: Context, begun: BegunMigration) -> None:
    """Leave the migrations as they are, instead of an undo.

    Raises `NeedsPerson` if one of them is half done.
    """
    progress = compare_with_schema(ctx, begun)
    if progress.state is State.BROKEN and not _is_between_migrations(progress):
        raise half_done_error(progress)
    if progress.state is not State.UNTOUCHED:
        ctx.say(names_that_stay(begun.before) or "the migrations stay applied")


def _is_between_migrations(progress: MigrationProgress) -> bool:
    """Whether each migration has either run completely, or not begun."""
    if progress.begun.before.get("names") is None or progress.begun.done is not None:
        return False
    return all(
        outcome.state == (DONE if outcome.statement.migration in progress.applied else NOT_DONE)
        for outcome in progress.outcomes
    )
