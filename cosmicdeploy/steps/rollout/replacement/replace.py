"""Replace a container by a new one, stop-first.

The candidate is created while the container in place still runs. Then that container is stopped and
renamed as superseded, and the candidate takes its name and starts. Name and address stay the same,
which had the best results behind nginx in measurements. From the names of containers, a later run
sees what an interrupted run left behind (`engine/containers/names.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.differences import declared_engine_keys
from cosmicdeploy.engine.containers.names import (
    ContainerRole,
    final_name,
    is_temporary,
    name_as,
)
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.journal.records.timings import CREATE, DRAIN
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.proxy import load_balancer
from cosmicdeploy.stack.model import Service
from cosmicdeploy.steps.compose_hash import config_hash
from cosmicdeploy.steps.containers.hooks import start_container
from cosmicdeploy.steps.containers.stopping import end
from cosmicdeploy.steps.images.tags import how_to_get, release_label
from cosmicdeploy.steps.rollout.replacement.target import Target, look_up
from cosmicdeploy.steps.rollout.replacement.timings import Phases


def replace(ctx: Context, service_name: str) -> Container:
    """Replace the service's container and wait until the new one is ready; return it.

    Raises `UnhealthyContainer` if the new container does not become healthy.
    """
    return wait_ready(ctx, put_in_place(ctx, service_name), service_name, is_new=True)


def put_in_place(ctx: Context, service_name: str) -> str:
    """Replace the service's container and start the new one, without waiting; return its id.

    `put_back` in `undo.py` puts the former container back.
    """
    created = swap_in(ctx, look_up(ctx, service_name), Phases(ctx.run.notes))
    start_container(ctx, service_name, created)
    return created


def swap_in(ctx: Context, target: Target, phases: Phases, grace: float | None = None) -> str:
    """Replace the target's container by a new one that is not started yet; return the new id.

    The old container becomes superseded. It has `grace` seconds to stop; by default, the grace
    period that the service declares.
    """
    created = create_candidate(ctx, target, phases)
    if target.container is not None:
        with phases.of(target.name, DRAIN):
            end(ctx, target.name, target.container.id, grace)
        supersede(ctx, target.service, target.container)
    ctx.engine.rename(created, target.service.container_name)
    return created


def supersede(ctx: Context, service: Service, container: Container) -> None:
    """Rename the container in place as superseded; the container is kept until the run ends."""
    name = name_as(ContainerRole.SUPERSEDED, service.container_name, container.id)
    ctx.engine.rename(container.id, name)


def create_candidate(ctx: Context, target: Target, phases: Phases) -> str:
    """Create the target's new container under a temporary name; return its id.

    Raises `EngineError` if the image does not exist.
    """
    service, current = target.service, target.container
    image = ctx.engine.image(service.image)
    if image is None:
        raise EngineError(
            f"The image {service.image} does not exist",
            where=service.name,
            todo=how_to_get(service),
        )
    seed = current.id if current else image.id.removeprefix("sha256:")
    name = name_as(ContainerRole.CANDIDATE, service.container_name, seed)
    leftover = ctx.engine.container(name)
    if leftover is not None:
        ctx.engine.remove(leftover.id)
    own_labels = container_labels(ctx, service, image.id)
    if service.name in ctx.settings.services.app:
        own_labels |= load_balancer(ctx).candidate_labels(service)
    if current is not None and labels.NUMBER in current.labels:
        own_labels[labels.NUMBER] = current.labels[labels.NUMBER]  # the name contains the number
    with phases.of(target.name, CREATE):
        return ctx.engine.create(
            service,
            name=name,
            image=service.image,
            labels=own_labels,
            volumes_from=current.volumes if current else None,
        )


def container_labels(ctx: Context, service: Service, image_id: str) -> dict[str, str]:
    """Return a container's labels: those that Compose's commands look for, and cosmicdeploy's."""
    return {
        labels.PROJECT: ctx.stack.project,
        labels.SERVICE: service.compose_name,
        labels.NUMBER: str(service.number),
        labels.ONEOFF: "False",
        labels.CONFIG_HASH: config_hash(ctx, service.name),
        labels.VERSION: labels.COMPOSE_VERSION,
        labels.WORKING_DIR: str(ctx.stack.directory),
        labels.CONFIG_FILES: ",".join(map(str, ctx.stack.compose_files.files)),
        labels.ENVIRONMENT_FILE: str(ctx.stack.env_file),
        labels.IMAGE: image_id,
        labels.DECLARED_ENGINE_KEYS: declared_engine_keys(service),
        **release_label(ctx, service),
    }


def journal_facts(container: Container | None) -> dict[str, Any] | None:
    """Return what the journal records of a container before it is replaced; None without one."""
    if container is None:
        return None
    return {"id": container.id, "image": container.image_id, "running": container.is_active}


def temporary_containers(ctx: Context, service: Service) -> list[Container]:
    """Return the service's candidates and superseded containers."""
    return temporary_of(service, ctx.unassigned_containers())


def temporary_of(service: Service, containers: Iterable[Container]) -> list[Container]:
    """Select the service's candidates and superseded containers from these."""
    return [
        container
        for container in containers
        if is_temporary(container.name) and final_name(container.name) == service.container_name
    ]


def remove_temporary(ctx: Context, names: Iterable[str]) -> None:
    """Remove the candidates and superseded containers of these services, all at the same time.

    A running container is stopped first, so that its requests can finish. Containers of a service
    that the compose file no longer declares stay; `status` names them.
    """
    containers = ctx.unassigned_containers()
    declared = [name for name in names if name in ctx.stack.services]
    kept = [
        (name, each) for name in declared for each in temporary_of(ctx.service(name), containers)
    ]

    def remove(pair: tuple[str, Container]) -> None:
        name, container = pair
        if container.is_running:
            end(ctx, name, container.id)
        ctx.engine.remove(container.id)

    with ThreadPoolExecutor(max_workers=len(kept) or 1) as pool:
        list(pool.map(remove, kept))
