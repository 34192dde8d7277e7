"""Runs that were killed: which of them a command goes on from, and which it undoes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosmicdeploy.abort_advice import with_abort_advice
from cosmicdeploy.context import Context
from cosmicdeploy.database.schema.schemas import replaced_name
from cosmicdeploy.database.swap.swap import has_replaced_data
from cosmicdeploy.database.tools.cleanup import end_leftover_tools
from cosmicdeploy.errors import CosmicError, LockLost, NeedsPerson, UsageError
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import RESTORE
from cosmicdeploy.journal.unfinished import PastRun, intents, unfinished
from cosmicdeploy.runs.snapshot import changed, observe
from cosmicdeploy.runs.undo import Applied, applied_by, exchanged_data, unwind
from cosmicdeploy.steps.containers.maintenance import is_up
from cosmicdeploy.steps.recover import wait_for_commands

Runs = Sequence[PastRun]


@dataclass(frozen=True, kw_only=True)
class Interrupted:
    """Runs that are not over: those to undo first, those to go on from, and those that need nothing
    but that this command succeeds."""

    back: Runs = ()
    on: Runs = ()
    over: Runs = ()


def found(ctx: Context, command: str) -> Interrupted:
    """What to do about runs that are not over. Raises `NeedsPerson` where a rollback is on its way
    and this command is not one that may end it, and where records of a run cannot be read."""
    runs = unfinished(ctx.journal)
    require_readable(ctx, runs)
    kind = RunKind.of_command(command)
    releasing = [run for run in runs if run.kind.places_release and run.intents]
    if not kind.places_release:
        _require_no_rollback(releasing)
        return Interrupted(over=[run for run in runs if _is_over(run, command)])
    for run in releasing:
        ctx.say(run.told())
    taken = _ended_by_clients(ctx, releasing)
    rest = [run for run in releasing if run not in taken]
    over = [run for run in runs if run not in rest]
    target = ctx.run.target_backup.id if ctx.run.target_backup else None
    if all(_leads_on(run, command, target) for run in rest):
        return Interrupted(on=rest, over=over)
    return Interrupted(back=rest, over=over)


def require_readable(ctx: Context, runs: Runs) -> None:
    """Raise `NeedsPerson` where records of one of these runs cannot be read."""
    for run in runs:
        if run.lost:
            raise NeedsPerson(
                "A run was interrupted, and what it changed is not all known",
                where=str(ctx.journal.path),
                todo="see `cosmicdeploy status`; `cosmicdeploy deploy --abort` undoes what is known"
                " of it, and compares the stack with what it was before",
                details=(run.told(),),
            )


def end_tools(ctx: Context) -> None:
    """End dumps and loads that a killed run left in the database's container: a dump's snapshot
    would hold up the next migration."""
    database = ctx.container(ctx.settings.services.database)
    if unfinished(ctx.journal) and database is not None and database.is_running:
        end_leftover_tools(ctx.engine, ctx.database())


def _ended_by_clients(ctx: Context, runs: Runs) -> Runs:
    """A rollback after which clients were let in is in place, with all that it went on from: to
    undo it would lose what they wrote since."""
    places = [n for n, run in enumerate(runs) if exchanged_data(applied_by([run]))]
    if not places or is_up(ctx):
        return ()
    return runs[: places[-1] + 1]


def _leads_on(run: PastRun, command: str, target: str | None) -> bool:
    """A rollback replaces all that a deploy changes, so it goes on even from one that failed."""
    if run.kind is RunKind.ROLLBACK:
        return (run.command, run.target, run.failed) == (command, target, False)
    return RunKind.of_command(command) is RunKind.ROLLBACK or not run.failed


def _require_no_rollback(runs: Runs) -> None:
    for run in runs:
        if run.kind is RunKind.ROLLBACK:
            raise NeedsPerson(
                "A rollback was interrupted",
                where=run.told(),
                todo=f"finish it: `cosmicdeploy {run.command} --to {run.target}`; or undo it: "
                "`cosmicdeploy deploy --abort`",
            )


def _is_over(killed: PastRun, command: str) -> bool:
    """What a restart left is settled by any command that looks for it, of whichever services."""
    settles = RunKind.of_command(command).settles_restarts
    return killed.command == command or (killed.kind is RunKind.RESTART and settles)


def require_deploy(ctx: Context) -> None:
    """Raise `UsageError` unless a deploy was interrupted that can be gone on with."""
    runs = [run for run in unfinished(ctx.journal) if run.kind.places_release]
    if not runs or runs[-1].failed or runs[-1].kind is RunKind.ROLLBACK:
        raise UsageError(
            "No deploy was interrupted that could be gone on with",
            where=runs[-1].told() if runs else str(ctx.journal.path),
            todo="see `cosmicdeploy status`",
        )


def to_abort(ctx: Context) -> Runs:
    """Deploys and rollbacks that can be undone; raises `UsageError` where there is none."""
    runs = [run for run in unfinished(ctx.journal) if run.kind.places_release or run.lost]
    if not runs:
        raise UsageError(
            "No deploy was interrupted",
            where=str(ctx.journal.path),
            todo="see `cosmicdeploy status`",
        )
    return runs


def undo(ctx: Context, runs: Runs) -> Sequence[Applied]:
    """Undo these runs, the last change first, and see that all is as before the first of them.

    Raises `NeedsPerson` where that cannot be done.
    """
    if not runs:
        return ()
    ctx.say(f"undoing what the interrupted `cosmicdeploy {runs[0].command}` changed")
    require_no_unknown_data(ctx, runs)
    wait_for_commands(ctx)
    with ctx.interrupts.postponed():  # half-way back is the worst of all places to stop
        applied = applied_by(runs)
        unwound = unwind(ctx, applied)
        _require_not_stuck(runs, applied, unwound.stuck)
        ctx.journal.append("unwound", resolves=[run.id for run in runs])
        _require_as_before(ctx, runs)
    return unwound.undone


def _require_not_stuck(runs: Runs, applied: Sequence[Applied], stuck: CosmicError | None) -> None:
    if isinstance(stuck, LockLost):
        raise stuck
    if stuck is not None:
        raise NeedsPerson(
            f"An interrupted run cannot be undone: {stuck.what}",
            where=stuck.where,
            todo=with_abort_advice(stuck.todo, data=exchanged_data(applied)),
            details=(*(run.told() for run in runs), *stuck.details),
        )


def require_no_unknown_data(ctx: Context, runs: Runs) -> None:
    """Raise `NeedsPerson` where data from before a restore is kept that is in no record: it is
    neither put back nor dropped."""
    if not any(run.lost or run.doubts for run in runs) or intents(runs, RESTORE):
        return
    if has_replaced_data(ctx.database()):
        live = ctx.settings.database.name
        raise NeedsPerson(
            "Data from before a restore is kept, and no record tells which run did that",
            where=replaced_name(live),
            todo=f"compare it with {live!r} by hand; rename its tables into another schema, then "
            "`cosmicdeploy deploy --abort`",
            details=[run.told() for run in runs],
        )


def _require_as_before(ctx: Context, runs: Runs) -> None:
    """Told once: whoever runs the command again has seen it."""
    if not runs[0].state:
        raise NeedsPerson(
            "An interrupted run was undone as far as it is known",
            where=str(ctx.journal.path),
            todo="see `cosmicdeploy status`; the same command again goes on from here",
            details=[run.told() for run in runs],
        )
    differences = changed(runs[0].state, observe(ctx))
    if differences:
        raise NeedsPerson(
            "An interrupted run was undone, but the stack is not as it was before it",
            where=differences[0],
            todo="see `cosmicdeploy status`; the same command again goes on from here",
            details=differences,
        )
