"""`cosmicdeploy backup pin|unpin|prune`: what stays and what goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge import Call, run_command
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.context import Context
    from cosmicdeploy.database.backups.retention import Decision
    from cosmicdeploy.report.model import Report

Backup = Annotated[
    str, typer.Argument(help='A backup\'s id, or "latest".', autocompletion=completion.backups)
]

NO_POLICY = (
    "No policy is set, so all good backups stay; one such as\n"
    "  backup: {keep: {last: 5, daily: 7, weekly: 4, monthly: 6}}\n"
    "in cosmicdeploy.yaml lets old ones go."
)


@common_options
def pin(
    backup: Backup,
    reason: Annotated[str, typer.Option(help="Why it must stay.")] = "",
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Keep a backup whatever the policy says.

    \b
    Example:
      cosmicdeploy backup pin latest --reason "before the fair"
    """
    run_command("backup pin", terminal, lambda call: _pin(call, config, backup, reason))


@common_options
def unpin(backup: Backup, *, config: Path | None, terminal: Terminal) -> None:
    """Leave a backup to the policy again.

    \b
    Example:
      cosmicdeploy backup unpin latest
    """
    run_command("backup unpin", terminal, lambda call: _pin(call, config, backup, None))


@common_options
def prune(
    plan: Annotated[bool, typer.Option("--plan", help="Show what would go, and stop.")] = False,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Remove backups that no rule keeps, and failed ones of old.

    The rules are those of `backup.keep`; failed ones go after a day. Copies and images that only
    they needed go, too. The newest good one, pinned ones and those that kept releases need always
    stay. Exit 4 while another run is under way.

    \b
    Example:
      cosmicdeploy backup prune --plan
    """
    run_command("backup prune", terminal, lambda call: _prune(call, config, plan))


def _pin(call: Call, config: Path | None, reference: str, reason: str | None) -> Report:
    from cosmicdeploy.database.backups.manifest import now
    from cosmicdeploy.database.backups.state import Pin
    from cosmicdeploy.workspace import open_stack

    catalogue = open_stack(config, call.hearing()).catalogue
    backup = catalogue.get(reference)
    wanted = None if reason is None else Pin(at=now(), reason=reason)
    catalogue.note(backup.id, lambda state: state.updated(pin=wanted))
    catalogue.get(backup.id)  # a prune may have been faster
    told = "is left to the policy again" if wanted is None else "stays whatever the policy says"
    call.terminal.console.print(f"{backup.id} {told}")
    return call.report(outcome="changed", backup=backup.id)


def _prune(call: Call, config: Path | None, plan: bool) -> Report:
    from cosmicdeploy.report.views.backups import show_decisions
    from cosmicdeploy.steps.backups.prune import half_removed, prune_plan
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, call.hearing())
    decisions, unfinished = prune_plan(ctx), half_removed(ctx)
    going = [decision.backup.id for decision in decisions if not decision.keep]
    if not call.terminal.json:
        show_decisions(call.terminal.console, decisions)
    if not ctx.settings.backup.keep.is_set:
        call.terminal.console.print(NO_POLICY)
    if plan or not (going or unfinished):
        outcome = "planned" if going or unfinished else "unchanged"
        return call.report(outcome=outcome, data=_data(decisions, finish=unfinished))
    _require_yes(call, going, unfinished)
    return _removed(call, ctx, decisions, going)


def _require_yes(call: Call, going: Sequence[str], unfinished: Sequence[str]) -> None:
    from cosmicdeploy.text.formatting import counted

    parts = [f"Remove {counted(len(going), 'backup')}" if going else ""]
    parts += [f"finish removing {', '.join(unfinished)}" if unfinished else ""]
    question = " and ".join(filter(None, parts))
    call.terminal.require_yes(f"{question[0].upper()}{question[1:]}?", "Nothing was removed")


def _removed(
    call: Call, ctx: Context, decisions: Sequence[Decision], going: Sequence[str]
) -> Report:
    from cosmicdeploy.lock import LockWait, hold_lock
    from cosmicdeploy.steps.backups.prune import prune as remove
    from cosmicdeploy.text.formatting import counted

    patience = LockWait(stale_after=ctx.settings.lock.stale_after)
    with hold_lock(ctx.engine, ctx.stack.project, call.command, patience):
        pruned = remove(ctx, going)
    console = call.terminal.console
    backups, images = counted(len(pruned.backups), "backup"), len(pruned.images)
    console.print(f"removed: {backups}, {counted(images, 'kept image')}")
    for warning in pruned.warnings:
        ctx.warn(warning)
    data = _data(decisions, removed=pruned.backups, images=pruned.images, warnings=pruned.warnings)
    return call.report(outcome="changed", data=data)


def _data(decisions: Sequence[Decision], **more: Any) -> dict[str, Any]:
    rows = [
        {"id": d.backup.id, "status": d.backup.status, "keep": d.keep, "reason": d.reason}
        for d in decisions
    ]
    return {"backups": rows, **more}
