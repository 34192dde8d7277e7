"""Refuse to start a service that keeps data if another container may write to that data."""

from __future__ import annotations

from collections.abc import Collection

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.in_place import service_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import Refused
from cosmicdeploy.probes.preconditions.retire import retire_command
from cosmicdeploy.stack.data_keepers import writable_mounts
from cosmicdeploy.stack.model import Service, Stack


def require_sole_writers(ctx: Context, stopped: Collection[str]) -> None:
    """Raise `Refused` if a container may write to the data of a stopped service that keeps data.

    The container may come from any project or none. The run would start the stopped service, and
    two servers on one volume destroy the data. Services that keep no data are not checked, since
    applications share volumes on purpose.
    """
    for name in ctx.settings.services.of(("database", "cache", "stateful")):
        if name not in stopped:
            continue
        service = ctx.service(name)
        for source in _own_sources(ctx.stack, service):
            for writer in ctx.engine.writers(source):
                # Containers with the marker were left by an interrupted run; a run removes them. A
                # container with the service's own name was created before the service was renamed.
                is_own = writer.name == service.container_name or _is_replica(ctx, service, writer)
                if labels.MARKER not in writer.labels and not is_own:
                    raise _in_use(ctx, name, source, writer)


def _is_replica(ctx: Context, service: Service, writer: Container) -> bool:
    """Return whether a container is another replica of a service that declares several."""
    is_same = (writer.project, writer.service) == (ctx.stack.project, service.compose_name)
    return service.replica is not None and is_same


def _own_sources(stack: Stack, service: Service) -> list[str]:
    """Return the volumes and host folders that only this service uses, and may write to."""
    others = [each for each in stack.services.values() if each.compose_name != service.compose_name]
    shared = {mount.source for each in others for mount in each.mounts}
    own = {mount.source for mount in writable_mounts(service)}
    return sorted(own - shared)


def _in_use(ctx: Context, name: str, source: str, writer: Container) -> Refused:
    is_oneoff = writer.labels.get(labels.ONEOFF) == "True"
    of_stack = writer.project == ctx.stack.project and service_of(ctx.stack, writer) is not None
    todo = f"stop it when it is done: `docker stop {writer.name}`"
    if of_stack and not is_oneoff:
        todo = (
            f"recreate it from the compose file: `docker compose up -d --no-deps {writer.service}`"
        )
    of = f" of the project {writer.project}" if writer.project else ""
    if writer.project == ctx.stack.project and not of_stack and not is_oneoff:
        todo = (
            f"if {name} is its new name, stop it permanently:"
            f" {retire_command([writer.name])}, then run"
            f" the same command again: {name} starts with its data, and no client is served until"
            " then"
        )
    kind = "a one-off container" if is_oneoff else "a container"
    return Refused(
        f"{name} does not run, but {writer.name}, {kind}{of}, uses its data {source}",
        where=f"project {ctx.stack.project}",
        todo=todo,
        details=[f"{writer.name}: {writer.status}, image {writer.image_name}"],
    )
