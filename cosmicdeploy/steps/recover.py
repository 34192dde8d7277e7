"""Recover from interrupted runs: bring what they left half-way to a complete state."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.database.swap.interrupted import is_swap_interrupted, resolve_interrupted_swap
from cosmicdeploy.database.swap.swap import drop_replaced_data, has_replaced_data
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.names import ContainerRole, role_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import (
    CosmicError,
    EngineError,
    EngineUnavailable,
    LockLost,
    UnhealthyContainer,
)
from cosmicdeploy.journal.interrupted_run import intents
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import ROLLOUT
from cosmicdeploy.journal.unfinished import unfinished
from cosmicdeploy.probes.readiness import serves_now, wait_ready
from cosmicdeploy.proxy import out_of_service, put_in_service
from cosmicdeploy.steps.backups.restore import RestoreStep
from cosmicdeploy.steps.base import Change, Outcome, Result, Step, Unchanged
from cosmicdeploy.steps.containers.quiesce import QuiesceStep
from cosmicdeploy.steps.containers.restart import RestartStep, interrupted_restarts
from cosmicdeploy.steps.rollout.replace import temporary_containers, temporary_of
from cosmicdeploy.steps.schema.lock_wait import lock_wait_left, restore_lock_wait


class RecoverStep(Step):
    """Recover from interrupted runs.

    Puts containers under temporary names back into service, or removes them; waits for a command
    that still runs in its own container; starts what a killed restart has stopped; drops data that
    a finished restore has replaced. Keeps superseded containers that an undo may need.
    """

    kind: ClassVar[str] = "recover"
    recovers: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        left = [c.name for _, c in _leftovers(ctx)]
        left += [f"{name}, which is not ready" for name in _out_of_service(ctx)]
        left += [c.name for c in ctx.engine.leftovers(ctx.stack.project)]
        left += [f"{name}, which the proxy skips" for name in _drained(ctx)]
        left += [
            f"a restart of {', '.join(restart.services)}"
            for restart, _ in interrupted_restarts(ctx)
        ]
        left += ["an interrupted swap of data"] if _is_swap_interrupted(ctx) else []
        left += ["data from before a restore"] if _has_replaced_data_left(ctx) else []
        left += ["the server's lock wait"] if _has_lock_wait_left(ctx) else []
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
        if _has_lock_wait_left(ctx):
            restore_lock_wait(ctx)
        for name, leftover in _leftovers(ctx):
            _resolve(ctx, name, leftover)
        for name in _out_of_service(ctx):
            _bring_back(ctx, name)
        for name in _drained(ctx):
            put_in_service(ctx, name)
        for restart, begun in interrupted_restarts(ctx):
            _settle_restart(ctx, restart, begun)
        if _is_swap_interrupted(ctx):
            ctx.lock.require()
            ctx.say(resolve_interrupted_swap(ctx.database()).description)
        if _has_replaced_data_left(ctx):
            drop_replaced_data(ctx.database())
        return {}


def _settle_restart(ctx: Context, restart: RestartStep, begun: Change) -> None:
    """Finish an interrupted restart; the health step reports what still fails."""
    try:
        restart.undo(ctx, begun)
    except (EngineUnavailable, LockLost):
        raise
    except CosmicError as error:
        ctx.say(f"not all that an interrupted restart had stopped works again: {error.what}")


def wait_for_commands(ctx: Context) -> None:
    """Remove the containers that an interrupted run started beside the services.

    Waits for a command that still runs in one.
    """
    for command in ctx.engine.leftovers(ctx.stack.project):
        if command.labels[labels.MARKER] == labels.RUN:
            ctx.say(f"waiting for {command.name}, which an interrupted run started")
            ctx.engine.wait_until_ended(command.id, ctx.settings.migrate.timeout)
        ctx.engine.remove(command.id)


def _drained(ctx: Context) -> list[str]:
    """Return the replicas that an interrupted run has drained."""
    return out_of_service(ctx) if unfinished(ctx.journal) else []


def _leftovers(ctx: Context) -> list[tuple[str, Container]]:
    """Return service and container of all temporary containers that no undo needs."""
    unassigned = ctx.unassigned_containers()
    return [
        (name, container)
        for name in ctx.settings.services.released
        for container in temporary_of(ctx.service(name), unassigned)
        if container.id not in _kept(ctx, name)
    ]


def _kept(ctx: Context, name: str) -> list[str]:
    """Return the ids of the service's containers that an undo needs, oldest first."""
    begun = intents(unfinished(ctx.journal), ROLLOUT)
    recorded = [intent.before["containers"].get(name) for intent in begun]
    return [facts["id"] for facts in recorded if facts]


def _out_of_service(ctx: Context) -> list[str]:
    """Return the services whose container an interrupted run stopped or was about to replace.

    None during an interrupted rollback, which has stopped all writers.
    """
    runs = unfinished(ctx.journal)
    if not runs or any(run.kind is RunKind.ROLLBACK for run in runs):
        return []
    stopped = intents(runs, QuiesceStep.kind)
    quiesced = {name for intent in stopped for name in intent.before["containers"]}
    return [
        name
        for name in ctx.settings.services.released
        if (name in quiesced or _kept(ctx, name))
        and not _serves(ctx, name)
        and not _failed_before(ctx, name)
    ]


def _failed_before(ctx: Context, name: str) -> bool:
    """Whether the container in place did not work before the interrupted run either."""
    current = ctx.container(name)
    known = name in ctx.run.known_failures.services
    return known and current is not None and current.id in _kept(ctx, name)


def _bring_back(ctx: Context, name: str) -> None:
    """Start the container in place; if it does not become ready, the superseded one.

    Without a superseded one it is left as it is, and the health step reports it.
    """
    current, kept = ctx.container(name), _kept(ctx, name)
    if current is not None and _starts(ctx, current, name):
        return
    for superseded in temporary_containers(ctx, ctx.service(name)):
        if kept and superseded.id == kept[-1]:
            if current is not None and current.id not in kept:
                ctx.engine.remove(current.id)
            ctx.engine.rename(superseded.id, ctx.service(name).container_name)
            _start_superseded(ctx, superseded, name)


def _start_superseded(ctx: Context, container: Container, name: str) -> None:
    """Start a superseded container; wait until it is ready, unless it did not work before."""
    if name in ctx.run.known_failures.services:
        ctx.engine.start(container.id)
    else:
        _start(ctx, container, name)


def _starts(ctx: Context, container: Container, name: str) -> bool:
    try:
        _start(ctx, container, name)
    except EngineUnavailable:
        raise
    except (UnhealthyContainer, EngineError):
        return False
    return True


def _serves(ctx: Context, name: str) -> bool:
    current = ctx.container(name)
    return current is not None and serves_now(ctx, current)


def _resolve(ctx: Context, name: str, leftover: Container) -> None:
    current = ctx.container(name)
    if current is not None and role_of(leftover.name) is ContainerRole.CANDIDATE:
        ctx.engine.remove(leftover.id)
        if not _kept(ctx, name):
            _start(ctx, current, name)  # it may have been stopped to make room
    elif current is not None and serves_now(ctx, current):
        ctx.engine.remove(leftover.id)
    else:
        # The new container never became healthy; the superseded one works.
        if current is not None:
            ctx.engine.remove(current.id)
        ctx.engine.rename(leftover.id, ctx.service(name).container_name)
        _start_superseded(ctx, leftover, name)


def _start(ctx: Context, container: Container, name: str) -> None:
    ctx.engine.start(container.id)
    wait_ready(ctx, container.id, name)


def _has_replaced_data_left(ctx: Context) -> bool:
    """Whether replaced data is kept that no undo of a restore will put back."""
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
    database = ctx.container(ctx.settings.services.database)
    return database is not None and database.is_ready
