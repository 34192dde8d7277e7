"""Interrupted runs: which of them a command resumes, and which it undoes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosmicdeploy.context import Context
from cosmicdeploy.database.schema.schemas import replaced_name
from cosmicdeploy.database.swap.swap import has_replaced_data
from cosmicdeploy.database.tools.cleanup import end_leftover_tools
from cosmicdeploy.errors import NeedsPerson, UsageError
from cosmicdeploy.journal.interrupted_run import InterruptedRun, intents
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import RESTORE
from cosmicdeploy.journal.unfinished import unfinished
from cosmicdeploy.runs.undo import applied_by, has_swapped_data
from cosmicdeploy.steps.containers.maintenance import is_maintenance_on

Runs = Sequence[InterruptedRun]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a command does about interrupted runs.

    It first undoes those of `undone`, and resumes those of `resumed`. Those of `superseded` are
    over once it succeeds.
    """

    undone: Runs = ()
    resumed: Runs = ()
    superseded: Runs = ()


def decide(ctx: Context, command: str) -> Decision:
    """Decide what the command does about interrupted runs.

    Raises `NeedsPerson` if a rollback was interrupted and the command cannot end it, or if records
    of a run cannot be read.
    """
    runs = unfinished(ctx.journal)
    require_readable(ctx, runs)
    kind = RunKind.of_command(command)
    releasing = [run for run in runs if run.kind.places_release and run.intents]
    if not kind.places_release:
        _require_no_rollback(releasing)
        return Decision(superseded=[run for run in runs if _is_superseded(run, command)])
    for run in releasing:
        ctx.say(run.description())
    in_place = _ended_by_clients(ctx, releasing)
    rest = [run for run in releasing if run not in in_place]
    superseded = [run for run in runs if run not in rest]
    target = ctx.run.target_backup.id if ctx.run.target_backup else None
    if all(_can_resume(run, command, target) for run in rest):
        return Decision(resumed=rest, superseded=superseded)
    return Decision(undone=rest, superseded=superseded)


def require_readable(ctx: Context, runs: Runs) -> None:
    """Raise `NeedsPerson` if records of one of these runs cannot be read."""
    for run in runs:
        if run.lost_records:
            raise NeedsPerson(
                "A run was interrupted, and what it changed is not all known",
                where=str(ctx.journal.path),
                todo="see `cosmicdeploy status`; `cosmicdeploy deploy --abort` undoes what is known"
                " of it, and compares the stack with what it was before",
                details=(run.description(),),
            )


def end_tools(ctx: Context) -> None:
    """End the dumps and loads of a killed run that still run in the database's container.

    A dump's snapshot would block the next migration.
    """
    database = ctx.container(ctx.settings.services.database)
    if unfinished(ctx.journal) and database is not None and database.is_running:
        end_leftover_tools(ctx.engine, ctx.database())


def _ended_by_clients(ctx: Context, runs: Runs) -> Runs:
    """Return the runs up to the last rollback after which clients were let in.

    It is in place, with the runs that it resumed: an undo would lose what clients have written.
    """
    places = [n for n, run in enumerate(runs) if has_swapped_data(applied_by([run]))]
    if not places or is_maintenance_on(ctx):
        return ()
    return runs[: places[-1] + 1]


def _can_resume(run: InterruptedRun, command: str, target: str | None) -> bool:
    """Whether the command can resume the run.

    A rollback replaces all that a deploy changes, so it resumes also a failed deploy.
    """
    if run.kind is RunKind.ROLLBACK:
        return (run.command, run.target, run.failed) == (command, target, False)
    return RunKind.of_command(command) is RunKind.ROLLBACK or not run.failed


def _require_no_rollback(runs: Runs) -> None:
    for run in runs:
        if run.kind is RunKind.ROLLBACK:
            raise NeedsPerson(
                "A rollback was interrupted",
                where=run.description(),
                todo=f"finish it: `cosmicdeploy {run.command} --to {run.target}`; or undo it: "
                "`cosmicdeploy deploy --abort`",
            )


def _is_superseded(run: InterruptedRun, command: str) -> bool:
    """Whether the command, once it succeeds, ends this run.

    An interrupted restart is finished by any command with a recover step.
    """
    settles = RunKind.of_command(command).settles_restarts
    return run.command == command or (run.kind is RunKind.RESTART and settles)


def require_deploy(ctx: Context) -> None:
    """Raise `UsageError` unless a deploy was interrupted that can be resumed."""
    runs = [run for run in unfinished(ctx.journal) if run.kind.places_release]
    if not runs or runs[-1].failed or runs[-1].kind is RunKind.ROLLBACK:
        raise UsageError(
            "No deploy was interrupted that can be resumed",
            where=runs[-1].description() if runs else str(ctx.journal.path),
            todo="see `cosmicdeploy status`",
        )


def to_abort(ctx: Context) -> Runs:
    """Return the deploys and rollbacks to undo; raises `UsageError` if there is none."""
    runs = [run for run in unfinished(ctx.journal) if run.kind.places_release or run.lost_records]
    if not runs:
        raise UsageError(
            "No deploy was interrupted",
            where=str(ctx.journal.path),
            todo="see `cosmicdeploy status`",
        )
    return runs


def require_no_unknown_data(ctx: Context, runs: Runs) -> None:
    """Raise `NeedsPerson` if replaced data of a restore is kept that no record names.

    It is neither put back nor dropped.
    """
    if not any(run.lost_records or run.uncertain_records for run in runs) or intents(runs, RESTORE):
        return
    if has_replaced_data(ctx.database()):
        live = ctx.settings.database.name
        raise NeedsPerson(
            "Data from before a restore is kept, and no record says which run replaced it",
            where=replaced_name(live),
            todo=f"compare it with {live!r} by hand; rename its tables into another schema, then "
            "`cosmicdeploy deploy --abort`",
            details=[run.description() for run in runs],
        )
