"""Repair services whose containers an interrupted run left stopped or half replaced.

A killed rollout leaves containers under temporary names, and services whose container is stopped or
not ready. Superseded containers that an undo may need are kept.
"""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.names import ContainerRole, role_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import QUIESCE, ROLLOUT
from cosmicdeploy.journal.unfinished.interrupted_run import intents
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.probes.readiness import serves_now, wait_ready
from cosmicdeploy.steps.containers.hooks import start_container
from cosmicdeploy.steps.containers.restart.stop_start import serves
from cosmicdeploy.steps.containers.stopping import end
from cosmicdeploy.steps.rollout.replacement.proxy_control import NO_GRACE, ProxyControl, reported
from cosmicdeploy.steps.rollout.replacement.replace import temporary_containers, temporary_of
from cosmicdeploy.steps.rollout.replacement.timings import Phases


def wait_for_commands(ctx: Context) -> None:
    """Wait for commands that an interrupted run started in containers of their own.

    Then removes these containers, and the others that the run started in addition to the services:
    trials, for example. Waits at most `migrate.timeout` for each command; raises `EngineError`.
    """
    for container in ctx.engine.leftovers(ctx.stack.project):
        if container.labels[labels.MARKER] == labels.RUN:
            ctx.say(f"waiting for {container.name}, which an interrupted run started")
            ctx.engine.wait_until_ended(container.id, ctx.settings.migrate.timeout)
        ctx.engine.discard(container.id)


def unneeded_temporary(ctx: Context) -> list[tuple[str, Container]]:
    """Return all candidates and superseded containers that no undo needs, each with its service."""
    unassigned = ctx.unassigned_containers()
    return [
        (name, container)
        for name in ctx.settings.services.all
        for container in temporary_of(ctx.service(name), unassigned)
        if container.id not in _needed_for_undo(ctx, name)
    ]


def resolve_temporary(ctx: Context, name: str, temporary: Container) -> None:
    """Remove a candidate or superseded container of a service, or put it in place.

    A superseded container goes back in place if the service's container is missing or not ready;
    in that case the service's container is removed. A candidate takes the place only if the service
    has no container. Otherwise the candidate is removed, and the service's container is started. A
    container that still runs is drained before it is removed.
    """
    current = ctx.container(name)
    if current is not None and role_of(temporary.name) is ContainerRole.CANDIDATE:
        _remove_beside(ctx, name, temporary)
        # The run may have stopped `current` for the candidate. A service with a container that an
        # undo needs is left to `repair`.
        if not _needed_for_undo(ctx, name):
            _start(ctx, current, name)
    elif current is not None and serves_now(ctx, current):
        _remove_beside(ctx, name, temporary)
    else:
        if current is not None:  # the new container, which is not ready
            ctx.engine.remove(current.id)
        _return_to_place(ctx, temporary, name)


def _remove_beside(ctx: Context, name: str, container: Container) -> None:
    """Remove a container beside the one in place; first drain it if it runs and may get requests.

    If the proxy cannot do that, the container gets the service's grace period for its requests.
    """
    if not container.is_running:
        ctx.engine.remove(container.id)
        return
    proxy = ProxyControl(ctx, Phases())
    is_drained = proxy.drain_beside(name, container)
    end(ctx, name, container.id, NO_GRACE if is_drained else None)
    ctx.engine.remove(container.id)
    with reported(ctx, f"the proxy may still have the address of {container.name}"):
        proxy.superseded_stopped([name])


def stopped_support(ctx: Context) -> list[tuple[str, Container]]:
    """Return the database and the cache if their containers exist, but do not run."""
    found = (
        (name, ctx.container(name)) for name in ctx.settings.services.of(["database", "cache"])
    )
    return [(name, each) for name, each in found if each is not None and not each.is_running]


def start_support(ctx: Context) -> None:
    """Start the database and the cache: without them no replica becomes ready.

    One that does not become ready is only reported: the undo may bring its former container back.
    Raises `EngineUnavailable`.
    """
    for name, container in stopped_support(ctx):
        ctx.say(f"starting {name}, which the replicas need")
        try:
            _start(ctx, container, name)
        except EngineUnavailable:
            raise
        except EngineError as error:
            ctx.say(f"{name} does not become ready: {error.what}")


def services_to_repair(ctx: Context) -> list[str]:
    """Return the services that an interrupted run stopped or began to replace, and that are down.

    Leaves out services whose container did not work before that run either. Empty if one of the
    interrupted runs is a rollback, which has stopped all writers on purpose.
    """
    runs = unfinished(ctx.journal)
    if not runs or any(run.kind is RunKind.ROLLBACK for run in runs):
        return []
    quiesced = {name for intent in intents(runs, QUIESCE) for name in intent.before["containers"]}
    return [
        name
        for name in ctx.settings.services.all
        if (name in quiesced or _needed_for_undo(ctx, name))
        and not serves(ctx, name)
        and not _failed_before(ctx, name)
    ]


def repair(ctx: Context, name: str) -> None:
    """Start a service's container; if it does not become ready, put the superseded one back.

    Without a superseded container, the service's container stays as it is, and the step `health`
    reports it.
    """
    current, needed = ctx.container(name), _needed_for_undo(ctx, name)
    if current is not None and _becomes_ready(ctx, current, name):
        return
    for superseded in temporary_containers(ctx, ctx.service(name)):
        if needed and superseded.id == needed[-1]:  # the last container that worked
            if current is not None and current.id not in needed:
                ctx.engine.remove(current.id)
            _return_to_place(ctx, superseded, name)


def _needed_for_undo(ctx: Context, name: str) -> list[str]:
    """Return the ids of the service's containers that an undo needs, oldest first."""
    recorded = [
        intent.before["containers"].get(name)
        for intent in intents(unfinished(ctx.journal), ROLLOUT)
    ]
    return [facts["id"] for facts in recorded if facts]


def _failed_before(ctx: Context, name: str) -> bool:
    """Whether the container in place is from before the interrupted run, and failed then."""
    current = ctx.container(name)
    is_known = name in ctx.run.known_failures.services
    return is_known and current is not None and current.id in _needed_for_undo(ctx, name)


def _return_to_place(ctx: Context, container: Container, name: str) -> None:
    """Put a container in place under its regular name, and start it.

    Waits until the container is ready, unless the service did not work before the interrupted run.
    """
    ctx.engine.rename(container.id, ctx.service(name).container_name)
    if name in ctx.run.known_failures.services:
        start_container(ctx, name, container.id, hooks_may_fail=True)
    else:
        _start(ctx, container, name)


def _becomes_ready(ctx: Context, container: Container, name: str) -> bool:
    """Start a container; return whether it becomes ready. Raises `EngineUnavailable`."""
    try:
        _start(ctx, container, name)
    except EngineUnavailable:
        raise
    except EngineError:
        return False
    return True


def _start(ctx: Context, container: Container, name: str) -> None:
    start_container(ctx, name, container.id, hooks_may_fail=True)
    wait_ready(ctx, container.id, name)
