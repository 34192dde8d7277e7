"""The step `recover`: finish or clean up what interrupted runs left half-way."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.swap.interrupted import is_swap_interrupted, resolve_interrupted_swap
from cosmicdeploy.database.swap.swap import drop_replaced_data, has_replaced_data
from cosmicdeploy.errors import FirstError
from cosmicdeploy.journal.unfinished.interrupted_run import intents
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.proxy import out_of_service, put_in_service
from cosmicdeploy.steps.backups.restore import RestoreStep
from cosmicdeploy.steps.base import Change, Outcome, Result, Step, Unchanged
from cosmicdeploy.steps.containers.repair import (
    repair,
    resolve_temporary,
    services_to_repair,
    start_support,
    stopped_support,
    unneeded_temporary,
    wait_for_commands,
)
from cosmicdeploy.steps.containers.restart.interrupted_restarts import interrupted_restarts
from cosmicdeploy.steps.containers.restart.restart import RestartStep
from cosmicdeploy.steps.containers.restart.stop_start import restore_drained
from cosmicdeploy.steps.containers.run_to_end import running_one_shots, wait_for_one_shots
from cosmicdeploy.steps.schema.lock_wait import lock_wait_left, restore_lock_wait
from cosmicdeploy.steps.static_files.leftovers import clean_up, left_aside


class RecoverStep(Step):
    """Finish or clean up what interrupted runs left half-way.

    - Waits for commands of these runs in containers of their own; removes these containers, and
      trials.
    - Starts the database and the cache if they are stopped, since no replica is ready without them.
    - Restores the database server's lock wait, which a migration shortens.
    - Lets the proxy use drained replicas again that can serve, before anything is replaced.
    - Waits for services that run to their end, such as a migration: none is killed.
    - Puts candidate and superseded containers in place or removes them; keeps superseded containers
      that an undo may need.
    - Starts containers that a killed run stopped, and lets the proxy use all replicas again.
    - Removes files that a finished run had set aside in volumes.
    - Finishes or reverts an interrupted swap of data; drops data that a finished restore replaced.
    """

    kind: ClassVar[str] = "recover"
    recovers: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        left = [container.name for _, container in unneeded_temporary(ctx)]
        # A stopped database or cache alone is no sign of an interrupted run.
        if left or services_to_repair(ctx):
            left += [f"{name}, which is stopped" for name, _ in stopped_support(ctx)]
        left += [f"{name}, which is not ready" for name in services_to_repair(ctx)]
        left += [container.name for container in ctx.engine.leftovers(ctx.stack.project)]
        left += [f"{name}, which still runs" for name in running_one_shots(ctx)]
        left += [f"{name}, which the proxy skips" for name in _drained(ctx)]
        left += [
            f"a restart of {', '.join(restart.services)}"
            for restart, _ in interrupted_restarts(ctx)
        ]
        left += ["an interrupted swap of data"] if _is_swap_interrupted(ctx) else []
        left += ["data from before a restore"] if _has_replaced_data_left(ctx) else []
        left += [f"files set aside in {volume}" for volume in left_aside(ctx)]
        left += ["the database's shortened lock wait"] if _has_lock_wait_left(ctx) else []
        if left:
            return Change(summary=f"clean up after an interrupted run: {', '.join(left)}")
        if ctx.run.resumed_runs:
            interrupted = ctx.run.resumed_runs[-1].description()
            return Unchanged(reason=f"resumes an interrupted run: {interrupted}")
        return Unchanged(reason="no run was interrupted half-way")

    def outcome(self, *, applied: bool) -> Outcome:
        return "changed" if applied else "passed"

    def apply(self, ctx: Context, change: Change) -> Result:
        wait_for_commands(ctx)
        start_support(ctx)
        if _has_lock_wait_left(ctx):
            restore_lock_wait(ctx)
        if unfinished(ctx.journal):
            restore_drained(ctx)
        wait_for_one_shots(ctx)
        for name, container in unneeded_temporary(ctx):
            resolve_temporary(ctx, name, container)
        for name in services_to_repair(ctx):
            repair(ctx, name)
        for name in _drained(ctx):
            put_in_service(ctx, name)
        for restart, begun in interrupted_restarts(ctx):
            _settle_restart(ctx, restart, begun)
        clean_up(ctx)
        if _is_swap_interrupted(ctx):
            ctx.lock.require()
            ctx.say(resolve_interrupted_swap(ctx.database()).description)
        if _has_replaced_data_left(ctx):
            drop_replaced_data(ctx.database())
        return {}


def _settle_restart(ctx: Context, restart: RestartStep, begun: Change) -> None:
    """Start the containers that an interrupted restart stopped.

    An error is only reported: the step `health` checks the containers.
    """
    errors = FirstError()
    with errors:
        restart.undo(ctx, begun)
    if errors.error:
        ctx.say(
            "a service that an interrupted restart stopped still does not work:"
            f" {errors.error.what}"
        )


def _drained(ctx: Context) -> list[str]:
    """Return the replicas that are out of the proxy's service because of an interrupted run."""
    return out_of_service(ctx) if unfinished(ctx.journal) else []


def _has_replaced_data_left(ctx: Context) -> bool:
    """Whether the database holds replaced data that no undo of a restore needs.

    False while an interrupted run has a restore to undo, or records that cannot be read.
    """
    runs = unfinished(ctx.journal)
    if intents(runs, RestoreStep.kind) or any(
        run.lost_records or run.uncertain_records for run in runs
    ):
        return False
    return _database_is_ready(ctx) and has_replaced_data(ctx.database())


def _is_swap_interrupted(ctx: Context) -> bool:
    return _database_is_ready(ctx) and is_swap_interrupted(ctx.database())


def _has_lock_wait_left(ctx: Context) -> bool:
    return _database_is_ready(ctx) and lock_wait_left(ctx) is not None


def _database_is_ready(ctx: Context) -> bool:
    database = ctx.database_container()
    return database is not None and database.is_ready
