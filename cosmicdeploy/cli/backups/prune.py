"""The command `cosmicdeploy backup prune`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.context.context import Context
    from cosmicdeploy.database.backups.retention import Decision
    from cosmicdeploy.report.model import Report

NO_POLICY = (
    "No retention policy is set, so every good backup is kept. Set one in cosmicdeploy.yaml:\n"
    "  backup: {keep: {last: 5, daily: 7, weekly: 4, monthly: 6}}"
)


@common_options
def prune(
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what would be removed, then exit.")
    ] = False,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Remove the backups that no retention rule keeps.

    `backup.keep` sets the rules; a failed backup is removed after a day, unless it may still be
    needed. Removing a backup also removes its copies, and its images unless something else needs
    them. The newest good backup always stays, and so do pinned backups and backups that a rollback
    from one of the last releases needs. Exit 4 while another run holds the lock.

    \b
    Example:
      cosmicdeploy backup prune --plan
    """
    run_command("backup prune", terminal, lambda call: _prune(call, config, plan))


def _prune(call: Call, config: Path | None, plan: bool) -> Report:
    from cosmicdeploy.report.views.backups import show_decisions
    from cosmicdeploy.steps.backups.prune import half_removed, prune_plan
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, call.event_handler())
    decisions, half_removed_ids = prune_plan(ctx), half_removed(ctx)
    removable = [decision.backup.id for decision in decisions if not decision.keep]
    if not call.terminal.json:
        show_decisions(call.terminal.console, decisions)
    if half_removed_ids:
        line = f"not completely removed yet: {', '.join(half_removed_ids)}"
        call.terminal.console.print(line, soft_wrap=True)
    if not ctx.settings.backup.keep.is_set:
        call.terminal.console.print(NO_POLICY, soft_wrap=True)
    if plan or not (removable or half_removed_ids):
        outcome = "planned" if removable or half_removed_ids else "unchanged"
        return call.report(outcome=outcome, data=_data(decisions, finish=half_removed_ids))
    _require_yes(call, removable, half_removed_ids)
    return _remove(call, ctx, decisions, removable)


def _require_yes(call: Call, removable: Sequence[str], half_removed_ids: Sequence[str]) -> None:
    from cosmicdeploy.text.formatting import counted

    actions = [f"remove {counted(len(removable), 'backup')}"] if removable else []
    if half_removed_ids:
        actions.append(f"finish removing {', '.join(half_removed_ids)}")
    question = " and ".join(actions)
    call.terminal.require_yes(f"{question[0].upper()}{question[1:]}?", "Nothing was removed")


def _remove(
    call: Call, ctx: Context, decisions: Sequence[Decision], removable: Sequence[str]
) -> Report:
    from cosmicdeploy.lock import LockWait, hold_lock
    from cosmicdeploy.steps.backups.prune import prune as remove
    from cosmicdeploy.text.formatting import counted

    lock_wait = LockWait(stale_after=ctx.settings.lock.stale_after)
    with hold_lock(ctx.engine, ctx.stack.project, call.command, lock_wait):
        pruned = remove(ctx, removable)
    backups = counted(len(pruned.backups), "backup")
    images = counted(len(pruned.images), "image")
    call.terminal.console.print(f"Removed {backups} and {images}")
    for warning in pruned.warnings:
        ctx.warn(warning)
    data = _data(decisions, removed=pruned.backups, images=pruned.images, warnings=pruned.warnings)
    return call.report(outcome="changed", data=data)


def _data(decisions: Sequence[Decision], **other_fields: Any) -> dict[str, Any]:
    rows = [
        {"id": d.backup.id, "status": d.backup.status, "keep": d.keep, "reason": d.reason}
        for d in decisions
    ]
    return {"backups": rows, **other_fields}
