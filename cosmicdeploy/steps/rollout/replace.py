"""Replace a container by a new one, and go back until the run is over.

Stop-first, at the same name and address, as measured best behind nginx: the candidate is created
beside the container in place, that one is stopped and renamed as superseded, the candidate takes
the name and starts. Names tell a later run what an interrupted one left
(`engine/containers/names.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cosmicdeploy.abort_advice import ACCEPT
from cosmicdeploy.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.differences import declared_engine_keys
from cosmicdeploy.engine.containers.names import (
    ContainerRole,
    final_name,
    is_temporary,
    name_as,
    role_of,
)
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, NeedsPerson
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.stack.model import Service
from cosmicdeploy.steps.compose_hash import config_hash
from cosmicdeploy.steps.containers.stopping import end
from cosmicdeploy.steps.rollout.target import Target, look_up
from cosmicdeploy.steps.rollout.timings import Phases


def replace(ctx: Context, service_name: str) -> Container:
    """Replace the service's container and wait until it is ready; return the new one.

    Raises `UnhealthyContainer` if it does not become healthy.
    """
    return wait_ready(ctx, put_in_place(ctx, service_name), service_name)


def put_in_place(ctx: Context, service_name: str) -> str:
    """Create the service's container from the compose file and the image that its tag names, and
    start it; return its id. `put_back` undoes it."""
    created = swap_in(ctx, look_up(ctx, service_name), Phases())
    ctx.engine.start(created)
    return created


def swap_in(ctx: Context, target: Target, phases: Phases, grace: float | None = None) -> str:
    """Put a new container in the target's place without starting it; return its id.

    The container in place has `grace` seconds to stop, by default the service's own, and is then
    superseded.
    """
    created = create_candidate(ctx, target, phases)
    if target.container is not None:
        with phases.of(target.name, "drain"):
            end(ctx, target.name, target.container.id, grace)
        supersede(ctx, target.service, target.container)
    ctx.engine.rename(created, target.service.container_name)
    return created


def supersede(ctx: Context, service: Service, container: Container) -> None:
    """Rename the container in place, to be kept until the run is over."""
    name = name_as(ContainerRole.SUPERSEDED, service.container_name, container.id)
    ctx.engine.rename(container.id, name)


def create_candidate(ctx: Context, target: Target, phases: Phases) -> str:
    """Create the target's new container under a temporary name; return its id."""
    service, current = target.service, target.container
    image = ctx.engine.image(service.image)
    if image is None:
        raise EngineError(
            f"The image {service.image} is not there",
            where=service.name,
            todo="build or load it, then run the same command again",
        )
    seed = current.id if current else image.id.removeprefix("sha256:")
    name = name_as(ContainerRole.CANDIDATE, service.container_name, seed)
    leftover = ctx.engine.container(name)
    if leftover is not None:
        ctx.engine.remove(leftover.id)
    own_labels = container_labels(ctx, service, image.id)
    if current is not None and labels.NUMBER in current.labels:
        own_labels[labels.NUMBER] = current.labels[labels.NUMBER]  # the name has it, too
    with phases.of(target.name, "create"):
        return ctx.engine.create(
            service,
            name=name,
            image=service.image,
            labels=own_labels,
            volumes_from=current.volumes if current else None,
        )


def container_labels(ctx: Context, service: Service, image_id: str) -> dict[str, str]:
    """Return the container's labels: Compose's, so that its commands see it, and cosmicdeploy's."""
    return {
        labels.PROJECT: ctx.stack.project,
        labels.SERVICE: service.name,
        labels.NUMBER: "1",
        labels.ONEOFF: "False",
        labels.CONFIG_HASH: config_hash(ctx, service.name),
        labels.VERSION: labels.COMPOSE_VERSION,
        labels.WORKING_DIR: str(ctx.stack.directory),
        labels.CONFIG_FILES: str(ctx.stack.file),
        labels.ENVIRONMENT_FILE: str(ctx.stack.env_file),
        labels.IMAGE: image_id,
        labels.DECLARED_ENGINE_KEYS: declared_engine_keys(service),
    }


def journal_facts(container: Container | None) -> dict[str, Any] | None:
    """Return what the journal keeps of a container before it is replaced."""
    if container is None:
        return None
    return {"id": container.id, "image": container.image_id, "running": container.is_active}


def put_back(ctx: Context, service_name: str, before: dict[str, Any] | None) -> bool:
    """Put the container that was in place before back, from any state in between.

    `before` are its `journal_facts`. Returns whether anything had to be done. Raises `NeedsPerson`
    if that container is gone.
    """
    target = look_up(ctx, service_name)
    service, current = target.service, target.container
    for leftover in temporary_containers(ctx, service):
        if role_of(leftover.name) is ContainerRole.CANDIDATE:
            ctx.engine.remove(leftover.id)
    if current is not None and _is_unchanged(current, before):
        return False
    former = _require_former(ctx, service, before) if before is not None else None
    if current is not None and (former is None or current.id != former.id):
        end(ctx, service_name, current.id)
        ctx.engine.remove(current.id)
    if former is not None:
        _restore(ctx, service, former, start=before is not None and before["running"])
    return True


def _is_unchanged(current: Container, before: dict[str, Any] | None) -> bool:
    former = before and (before["id"], before["running"])
    return (current.id, current.is_active) == former


def _require_former(ctx: Context, service: Service, before: dict[str, Any]) -> Container:
    """Looked up before the container in place is removed for it."""
    former = ctx.engine.container(before["id"])
    if former is None:
        raise NeedsPerson(
            "The container that ran before is gone",
            where=service.container_name,
            todo=f"what is there now is left as it is; {ACCEPT}",
        )
    return former


def _restore(ctx: Context, service: Service, former: Container, *, start: bool) -> None:
    if former.name != service.container_name:
        ctx.engine.rename(former.id, service.container_name)
    if start:
        ctx.engine.start(former.id)
        if why := ctx.run.known_failures.services.get(service.name):
            ctx.say(f"{service.name} runs as before: it did not work then ({why})")
        else:
            wait_ready(ctx, former.id, service.container_name)
    elif former.is_running:  # it was stopped before the run, and stays stopped
        end(ctx, service.name, former.id)


def temporary_containers(ctx: Context, service: Service) -> list[Container]:
    """Return the service's candidates and superseded containers."""
    return temporary_of(service, ctx.unassigned_containers())


def temporary_of(service: Service, containers: Iterable[Container]) -> list[Container]:
    """Return those of these containers that are the service's candidates or superseded ones."""
    return [
        container
        for container in containers
        if is_temporary(container.name) and final_name(container.name) == service.container_name
    ]


def remove_temporary(ctx: Context, names: Iterable[str]) -> None:
    """Remove what a rollout kept of these services, at the same time, each once its requests end.

    Containers of a service that the compose file no longer declares stay: `status` names them.
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
