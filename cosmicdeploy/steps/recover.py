"""What an interrupted run left half-way is brought to a whole state first."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.database.swap.swap import (
    drop_replaced_data,
    has_replaced_data,
    is_swap_interrupted,
    resolve_interrupted_swap,
)
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
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import ROLLOUT
from cosmicdeploy.journal.unfinished import intents, unfinished
from cosmicdeploy.probes.readiness import serves_now, wait_ready
from cosmicdeploy.proxy import out_of_service, put_in_service
from cosmicdeploy.steps.backups.restore import RestoreStep
from cosmicdeploy.steps.base import Change, Outcome, Result, Step, Unchanged
from cosmicdeploy.steps.containers.quiesce import QuiesceStep
from cosmicdeploy.steps.containers.restart import RestartStep, half_way
from cosmicdeploy.steps.rollout.replace import temporary_containers, temporary_of
from cosmicdeploy.steps.schema.lock_wait import lock_wait_left, restore_lock_wait


class RecoverStep(Step):
    """Containers under temporary names are put back into service, or removed; a command that still
    runs in a container of its own is waited for; what a killed restart stopped is started; data
    that a finished restore replaced is let go.

    What a run that is not over set aside is its way back, and kept.
    """

    kind: ClassVar[str] = "recover"
    recovers: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        left = [c.name for _, c in _leftovers(ctx)]
        left += [f"{name}, which does not serve" for name in _out_of_service(ctx)]
        left += [c.name for c in ctx.engine.leftovers(ctx.stack.project)]
        left += [f"{name}, which the proxy passes over" for name in _passed_over(ctx)]
        left += [f"a restart of {', '.join(restart.services)}" for restart, _ in half_way(ctx)]
        left += ["data that was being exchanged"] if _is_exchanging(ctx) else []
        left += ["data from before a restore"] if _data_is_left(ctx) else []
        left += ["the server's lock wait"] if _waits_short(ctx) else []
        if left:
            return Change(summary=f"clear up after an interrupted run: {', '.join(left)}")
        if ctx.run.resumed_runs:
            return Unchanged(reason=f"goes on where {ctx.run.resumed_runs[-1].told()}")
        return Unchanged(reason="no run was interrupted half-way")

    def outcome(self, *, applied: bool) -> Outcome:
        return "changed" if applied else "passed"

    def apply(self, ctx: Context, change: Change) -> Result:
        wait_for_commands(ctx)
        if _waits_short(ctx):
            restore_lock_wait(ctx)
        for name, leftover in _leftovers(ctx):
            _resolve(ctx, name, leftover)
        for name in _out_of_service(ctx):
            _bring_back(ctx, name)
        for name in _passed_over(ctx):
            put_in_service(ctx, name)
        for restart, begun in half_way(ctx):
            _settle_restart(ctx, restart, begun)
        if _is_exchanging(ctx):
            ctx.lock.require()
            ctx.say(resolve_interrupted_swap(ctx.database()).description)
        if _data_is_left(ctx):
            drop_replaced_data(ctx.database())
        return {}


def _settle_restart(ctx: Context, restart: RestartStep, begun: Change) -> None:
    """What is still in the way, the health step tells, and another restart may help."""
    try:
        restart.undo(ctx, begun)
    except (EngineUnavailable, LockLost):
        raise
    except CosmicError as error:
        ctx.say(f"not all that a killed restart had stopped is well again: {error.what}")


def wait_for_commands(ctx: Context) -> None:
    """Remove the containers that a run that is no more started beside the services; a command that
    runs in one is waited for."""
    for command in ctx.engine.leftovers(ctx.stack.project):
        if command.labels[labels.MARKER] == labels.RUN:
            ctx.say(f"waiting for {command.name}, which an interrupted run started")
            ctx.engine.wait_end(command.id, ctx.settings.migrate.timeout)
        ctx.engine.remove(command.id)


def _passed_over(ctx: Context) -> list[str]:
    """Replicas that a killed run told the proxy to pass over; without one nobody did."""
    return out_of_service(ctx) if unfinished(ctx.journal) else []


def _leftovers(ctx: Context) -> list[tuple[str, Container]]:
    """Service and container of all that stands aside and is nobody's way back."""
    there = ctx.out_of_place()
    return [
        (name, container)
        for name in ctx.settings.services.released
        for container in temporary_of(ctx.service(name), there)
        if container.id not in _kept(ctx, name)
    ]


def _kept(ctx: Context, name: str) -> list[str]:
    """Ids of a service's containers that are the way back of unfinished runs, oldest first."""
    begun = intents(unfinished(ctx.journal), ROLLOUT)
    found = [intent.before["containers"].get(name) for intent in begun]
    return [facts["id"] for facts in found if facts]


def _out_of_service(ctx: Context) -> list[str]:
    """Services whose container a killed run was about to replace, or stopped; none while all stands
    still for a rollback."""
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
        and not _is_broken_one(ctx, name)
    ]


def _is_broken_one(ctx: Context, name: str) -> bool:
    """Whether the container in place is the one that did not work before the killed run either."""
    current = ctx.container(name)
    known = name in ctx.run.known_failures.services
    return known and current is not None and current.id in _kept(ctx, name)


def _bring_back(ctx: Context, name: str) -> None:
    """Let the container that is in place serve; where it cannot, the one before it. Without that
    one it is left as it is, and the health step tells.
    """
    current, kept = ctx.container(name), _kept(ctx, name)
    if current is not None and _starts(ctx, current, name):
        return
    for aside in temporary_containers(ctx, ctx.service(name)):
        if kept and aside.id == kept[-1]:
            if current is not None and current.id not in kept:
                ctx.engine.remove(current.id)
            ctx.engine.rename(aside.id, ctx.service(name).container_name)
            _start_superseded(ctx, aside, name)


def _start_superseded(ctx: Context, container: Container, name: str) -> None:
    """One that did not work before either is not waited for."""
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
        # The new container never became healthy: the one that was set aside is the one that works.
        if current is not None:
            ctx.engine.remove(current.id)
        ctx.engine.rename(leftover.id, ctx.service(name).container_name)
        _start_superseded(ctx, leftover, name)


def _start(ctx: Context, container: Container, name: str) -> None:
    ctx.engine.start(container.id)
    wait_ready(ctx, container.id, name)


def _data_is_left(ctx: Context) -> bool:
    """Whether data is kept that no restore will ever swap back."""
    runs = unfinished(ctx.journal)
    if intents(runs, RestoreStep.kind) or any(run.lost or run.doubts for run in runs):
        return False
    return _database_is_ready(ctx) and has_replaced_data(ctx.database())


def _is_exchanging(ctx: Context) -> bool:
    return _database_is_ready(ctx) and is_swap_interrupted(ctx.database())


def _waits_short(ctx: Context) -> bool:
    return _database_is_ready(ctx) and lock_wait_left(ctx) is not None


def _database_is_ready(ctx: Context) -> bool:
    database = ctx.container(ctx.settings.services.database)
    return database is not None and database.is_ready
