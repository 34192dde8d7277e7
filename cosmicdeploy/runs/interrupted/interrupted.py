"""Decide which interrupted runs a command resumes, and which it undoes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosmicdeploy.abort_advice import ACCEPT
from cosmicdeploy.context.context import Context
from cosmicdeploy.database.schema.schemas import replaced_name
from cosmicdeploy.database.swap.swap import has_replaced_data
from cosmicdeploy.database.tools.cleanup import end_leftover_tools
from cosmicdeploy.errors import NeedsPerson, UsageError
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.journal.step_kinds import RESTORE
from cosmicdeploy.journal.unfinished.interrupted_run import InterruptedRun, intents
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.runs.undo.undo import applied_by, has_swapped_data
from cosmicdeploy.steps.containers.maintenance.maintenance import is_maintenance_on

Runs = Sequence[InterruptedRun]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a command does about interrupted runs.

    It first undoes the runs in `undone`, then resumes those in `resumed`. The runs in `superseded`
    are over once the command succeeds.
    """

    undone: Runs = ()
    resumed: Runs = ()
    superseded: Runs = ()


def decide(ctx: Context, command: RunCommand) -> Decision:
    """Decide what the command does about interrupted runs.

    Raises `NeedsPerson` if a rollback was interrupted and this command neither resumes nor undoes
    it, or if records of an interrupted run cannot be read.
    """
    runs = unfinished(ctx.journal)
    require_readable(ctx, runs)
    releasing = [run for run in runs if run.kind.places_release and run.intents]
    if not command.kind.places_release:
        _require_no_rollback(ctx, releasing)
        return Decision(superseded=[run for run in runs if _is_superseded(run, command)])
    for run in releasing:
        ctx.say(run.description())
    in_place = _in_place_for_clients(ctx, releasing)
    rest = [run for run in releasing if run not in in_place]
    superseded = [run for run in runs if run not in rest]
    target = ctx.run.target_backup.id if ctx.run.target_backup else None
    if all(_can_resume(run, command, target) for run in rest):
        return Decision(resumed=rest, superseded=superseded)
    return Decision(undone=rest, superseded=superseded)


def included(ctx: Context, resumed: Runs) -> frozenset[str]:
    """Return the infrastructure that `--include` named for this run, or for one that it resumes."""
    named = {name for run in resumed for name in run.included}
    return ctx.run.included | (named & {*ctx.settings.services.infrastructure})


def require_readable(ctx: Context, runs: Runs) -> None:
    """Raise `NeedsPerson` if records of one of these runs cannot be read."""
    for run in runs:
        if run.lost_records:
            raise NeedsPerson(
                "A run was interrupted, and some of its changes are unknown",
                where=str(ctx.journal.path),
                todo="see `cosmicdeploy status`; `cosmicdeploy deploy --abort` undoes the known"
                " changes, and compares the stack with its state before the run",
                details=(run.description(),),
            )


def end_tools(ctx: Context) -> None:
    """End the dump and load tools that killed runs left running in the database's container.

    The open snapshot of such a dump would block the next migration.
    """
    database = ctx.database_container()
    if unfinished(ctx.journal) and database is not None and database.is_running:
        end_leftover_tools(ctx.engine, ctx.database())


def _in_place_for_clients(ctx: Context, runs: Runs) -> Runs:
    """Return the runs up to the last one that swapped data, if clients have been let in since.

    Empty if none has swapped data, or if maintenance is still on. An undo of these runs would lose
    what clients have written.
    """
    swapping = [n for n, run in enumerate(runs) if has_swapped_data(applied_by([run]))]
    if not swapping or is_maintenance_on(ctx):
        return ()
    return runs[: swapping[-1] + 1]


def _can_resume(run: InterruptedRun, command: RunCommand, target: str | None) -> bool:
    """Whether the command can resume the run.

    A rollback can resume any deploy, since it replaces everything that a deploy changes. Another
    deploy can resume a deploy that has not failed. A rollback that has not failed can be resumed
    only by the same command with the same backup as its `target`.
    """
    if run.kind is RunKind.ROLLBACK:
        return (run.command, run.target, run.failed) == (command.line, target, False)
    return command.kind is RunKind.ROLLBACK or not run.failed


def _require_no_rollback(ctx: Context, runs: Runs) -> None:
    """Raise `NeedsPerson` if a rollback is among the runs whose data no client uses yet."""
    is_any = any(run.kind is RunKind.ROLLBACK for run in runs)
    in_place = _in_place_for_clients(ctx, runs) if is_any else ()
    for run in runs:
        if run.kind is RunKind.ROLLBACK and run not in in_place:
            raise NeedsPerson(
                "A rollback was interrupted",
                where=run.description(),
                todo=f"finish it: `cosmicdeploy {run.command} --to {run.target}`; or undo it: "
                "`cosmicdeploy deploy --abort`",
            )


def _is_superseded(run: InterruptedRun, command: RunCommand) -> bool:
    """Whether the run is over once the command succeeds.

    True if the run has the same command line. Also true for an interrupted restart if the command
    has a recover step, which finishes it.
    """
    if run.kind is RunKind.RESTART and command.kind.settles_restarts:
        return True
    return run.command == command.line


def require_deploy(ctx: Context) -> None:
    """Raise `UsageError` unless there is an interrupted deploy that can be resumed."""
    runs = [run for run in unfinished(ctx.journal) if run.kind.places_release]
    if not runs or runs[-1].failed or runs[-1].kind is RunKind.ROLLBACK:
        raise UsageError(
            "There is no interrupted deploy that can be resumed",
            where=runs[-1].description() if runs else str(ctx.journal.path),
            todo="see `cosmicdeploy status`",
        )


def to_abort(ctx: Context) -> Runs:
    """Return the runs that `deploy --abort` undoes; raises `UsageError` if there is none."""
    runs = [run for run in unfinished(ctx.journal) if run.kind.places_release or run.lost_records]
    if not runs:
        raise UsageError(
            "No deploy was interrupted",
            where=str(ctx.journal.path),
            todo="see `cosmicdeploy status`",
        )
    return runs


def has_unknown_data(ctx: Context, runs: Runs) -> bool:
    """Whether unreadable records leave replaced data unexplained.

    Replaced data is the data from before a restore, which the database still keeps. If no record
    says which run replaced it, the deployer neither puts it back nor drops it.
    """
    if not any(run.lost_records or run.uncertain_records for run in runs) or intents(runs, RESTORE):
        return False
    return ctx.has_database and has_replaced_data(ctx.database())


def require_no_unknown_data(ctx: Context, runs: Runs) -> None:
    """Raise `NeedsPerson` if unreadable records leave replaced data unexplained."""
    if has_unknown_data(ctx, runs):
        live = ctx.require_database().name
        raise NeedsPerson(
            "Data from before a restore is kept, and no record says which run replaced it",
            where=replaced_name(live),
            todo=f"compare it with {live!r}; to keep both, {ACCEPT}, which moves the data from"
            " before the restore to a schema that no command touches",
            details=[run.description() for run in runs],
        )
