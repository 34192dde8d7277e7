"""Replace a container start-first: the candidate starts while the old container serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.containers.names import ContainerRole, role_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.journal.records.timings import DRAIN, START
from cosmicdeploy.settings.pace import start_first_obstacle
from cosmicdeploy.stack.model import Service
from cosmicdeploy.steps.containers.hooks import start_container
from cosmicdeploy.steps.containers.stopping import end
from cosmicdeploy.steps.rollout.replacement.replace import (
    create_candidate,
    supersede,
    temporary_containers,
    temporary_of,
)
from cosmicdeploy.steps.rollout.replacement.target import Target
from cosmicdeploy.steps.rollout.replacement.timings import Phases


def require_start_first(service: Service) -> None:
    """Raise `ConfigError` if two containers of the service cannot run at the same time."""
    if needed := start_first_obstacle(service):
        raise ConfigError(
            f"The new container of {service.name} cannot start before the old one stops: both "
            f"would need the {needed}",
            where="restart.order",
            todo="set it to stop-first, or give the service no fixed address and no host port",
        )


def start_candidate(ctx: Context, target: Target, phases: Phases) -> str:
    """Create and start the target's candidate under a temporary name; return its id."""
    created = create_candidate(ctx, target, phases)
    with phases.of(target.name, START):
        start_container(ctx, target.name, created)
    return created


def promote(ctx: Context, targets: Sequence[Target], candidate_ids: Mapping[str, str]) -> None:
    """Rename each target's old container as superseded, and give its candidate the final name.

    The superseded containers still run. `candidate_ids` maps each service to the id of its
    candidate.
    """
    for target in targets:
        if target.container is not None:
            supersede(ctx, target.service, target.container)
        ctx.engine.rename(candidate_ids[target.name], target.service.container_name)


def with_running_superseded(ctx: Context, names: Iterable[str]) -> list[str]:
    """Return those of these services whose superseded container still runs."""
    superseded = [
        container
        for container in ctx.unassigned_containers()
        if container.is_running and role_of(container.name) is ContainerRole.SUPERSEDED
    ]
    return [name for name in names if temporary_of(ctx.service(name), superseded)]


def running_superseded(ctx: Context, service: Service) -> list[Container]:
    """Return the service's superseded containers that still run."""
    return [
        each
        for each in temporary_containers(ctx, service)
        if each.is_running and role_of(each.name) is ContainerRole.SUPERSEDED
    ]


def stop_superseded(
    ctx: Context, service: Service, phases: Phases, grace: float | None = None
) -> None:
    """Stop the service's superseded containers as `end` does, each within `grace` seconds.

    By default, that is the service's grace period. Requests in flight finish only if the service
    itself finishes them on its stop signal. Also stops candidates that an earlier rollout left
    over.
    """
    with phases.of(service.name, DRAIN):
        for container in temporary_containers(ctx, service):
            if container.is_running:
                end(ctx, service.name, container.id, grace)
