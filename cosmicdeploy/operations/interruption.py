"""Runs that were killed: which of them a command goes on from, and which it undoes first."""

from __future__ import annotations

from collections.abc import Sequence

from cosmicdeploy.context import Context
from cosmicdeploy.errors import LockLost, NeedsPerson, UsageError
from cosmicdeploy.history import PastRun, unfinished
from cosmicdeploy.state import changed, observe
from cosmicdeploy.steps.recover import wait_for_commands
from cosmicdeploy.unwind import Applied, applied_by, unwind

# Commands that put a release in place: each takes up what another one, or one step alone, left. Any
# other command takes up only its own like, and leaves a killed deploy as it is.
RELEASING = ("deploy", "rollback")
PARTS = (*RELEASING, "step")

Runs = Sequence[PastRun]


def divided(ctx: Context, command: str) -> tuple[Runs, Runs]:
    """Runs to undo first, and runs to go on from; one of the two is empty."""
    concerned = [run for run in unfinished(ctx.journal) if _concerns(run, command)]
    for run in concerned:
        ctx.say(run.told())
    target = ctx.target.id if ctx.target else None
    if all(_leads_on(run, command, target) for run in concerned):
        return (), concerned
    return concerned, ()


def _leads_on(run: PastRun, command: str, target: str | None) -> bool:
    """A rollback replaces all that a deploy changes, so it goes on even from one that failed."""
    if run.command.startswith("rollback"):
        return (run.command, run.target, run.failed) == (command, target, False)
    return command.startswith("rollback") or not run.failed


def _concerns(run: PastRun, command: str) -> bool:
    if command.split(maxsplit=1)[0] in RELEASING:
        return run.command.split()[0] in PARTS
    return run.command == command


def required(ctx: Context) -> Runs:
    """Deploys and rollbacks that are not over; raises `UsageError` where there is none."""
    found = [run for run in unfinished(ctx.journal) if _concerns(run, "deploy")]
    if not found:
        raise UsageError(
            "No deploy was interrupted",
            where=str(ctx.journal.path),
            todo="see `cosmicdeploy status`",
        )
    return found


def undo(ctx: Context, runs: Runs) -> Sequence[Applied]:
    """Undo these runs, the last change first, and see that all is as before the first of them.

    Raises `NeedsPerson` where that cannot be done.
    """
    if not runs:
        return ()
    ctx.say(f"undoing what the interrupted `cosmicdeploy {runs[0].command}` changed")
    wait_for_commands(ctx)
    unwound = unwind(ctx, applied_by(runs))
    if isinstance(unwound.stuck, LockLost):
        raise unwound.stuck
    if unwound.stuck is not None:
        raise NeedsPerson(
            f"An interrupted run cannot be undone: {unwound.stuck.what}",
            where=unwound.stuck.where,
            todo=unwound.stuck.todo,
            details=(*(run.told() for run in runs), *unwound.stuck.details),
        )
    _require_as_before(ctx, runs)
    ctx.journal.append("unwound", resolves=[run.id for run in runs])
    return unwound.undone


def _require_as_before(ctx: Context, runs: Runs) -> None:
    differences = changed(runs[0].state, observe(ctx))
    if differences:
        raise NeedsPerson(
            "An interrupted run was undone, but the stack is not as it was before it",
            where=differences[0],
            todo="see `cosmicdeploy status`; go back with `cosmicdeploy rollback --to latest`",
            details=differences,
        )
