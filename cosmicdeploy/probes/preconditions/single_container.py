"""Refuse a run if a service has several containers that are not its replicas."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.in_place import (
    adopt_container_names,
    has_usual_name,
    of_service,
)
from cosmicdeploy.engine.containers.names import final_name
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import Refused
from cosmicdeploy.probes.preconditions.retire import retire_command
from cosmicdeploy.probes.preconditions.sole_writer import require_sole_writers
from cosmicdeploy.stack.model import Service


def resolve_containers(ctx: Context, names: Collection[str]) -> Context:
    """Return the context, with the present name of each service's container as `container_name`.

    Raises `Refused` if one of the services in `names`:
    - has several containers that are not replicas, unless just one runs and has the usual name;
    - has a container with another name than the declared `container_name`;
    - also runs in a project with nearly the same name;
    - has keys that the engine is too old for;
    - keeps data and does not run, but another container may write to that data.
    """
    containers = ctx.engine.containers(ctx.stack.project)
    ctx = replace(ctx, stack=adopt_container_names(ctx.stack, containers))
    _require_no_namesake(ctx, names)
    for name in names:
        _require_one(ctx, of_service(containers, ctx.service(name)), ctx.service(name))
        ctx.engine.require_supported(ctx.service(name))
    require_sole_writers(ctx, [n for n in names if not _runs(containers, ctx.service(n))])
    return ctx


def _runs(containers: Iterable[Container], service: Service) -> bool:
    return any(container.is_active for container in of_service(containers, service))


def _require_one(ctx: Context, containers: Sequence[Container], service: Service) -> None:
    running = sorted({final_name(c.name) for c in containers if c.is_active})
    all_names = sorted({final_name(c.name) for c in containers})
    if len(running) > 1:
        raise _several(
            ctx,
            containers,
            f"Several containers of {service.name} run: {', '.join(running)}",
            "decide which one to keep, and stop each of the others (NAME) permanently:"
            f" {retire_command(['NAME'])}",
        )
    if not running and len(_may_be_kept(ctx, containers, service)) > 1:
        raise _several(
            ctx,
            containers,
            f"{service.name} has several containers, and none is running: {', '.join(all_names)}",
            "start the container to keep (NAME): `docker start NAME`",
        )
    active = [c for c in containers if c.is_active]
    if len(all_names) > 1 and not all(
        has_usual_name(ctx.stack.project, service, c) for c in active
    ):
        raise _undecided(ctx, containers, service)
    if containers and service.declared_name not in (None, service.container_name):
        raise _misnamed(ctx, service)


def _may_be_kept(ctx: Context, containers: Iterable[Container], service: Service) -> set[str]:
    """Return the final names of the stopped containers among which the operator has to choose.

    Leaves out containers with an unusual name that have never started. Compose gives such a name to
    the new container while it recreates one, and leaves it behind if it is stopped half-way.
    """
    return {
        final_name(each.name)
        for each in containers
        if each.status != "created" or has_usual_name(ctx.stack.project, service, each)
    }


def _undecided(ctx: Context, containers: Sequence[Container], service: Service) -> Refused:
    """Return the error if a container with an unusual name runs, and others are stopped.

    All of them have the labels of the service. It is unknown which of them holds the data, so the
    operator has to decide.
    """
    (running,) = {final_name(c.name) for c in containers if c.is_active}
    others = sorted({final_name(c.name) for c in containers} - {running})
    usual = [c.name for c in containers if has_usual_name(ctx.stack.project, service, c)]
    other, what = (usual[0], usual[0]) if usual else ("NAME", "another one (NAME)")
    return _several(
        ctx,
        containers,
        f"{running} runs with the labels of {service.name}, which are also on {', '.join(others)}",
        f"decide which one to keep. To keep {what}: {retire_command([running])}, then"
        f" `docker start {other}`. To keep {running}: remove the others by hand once nothing"
        " in them is needed",
    )


def _several(ctx: Context, containers: Iterable[Container], what: str, todo: str) -> Refused:
    return Refused(
        f"{what}; containers with these names are not replicas of one service",
        where=f"project {ctx.stack.project}",
        todo=todo,
        details=[_describe(container) for container in containers],
    )


def _describe(container: Container) -> str:
    compose_version = container.labels.get(labels.VERSION)
    started = "never" if container.status == "created" else container.started_at[:19]
    facts = [
        f"{container.name}: {container.status}, started {started}",
        f"created {container.created_at[:19] or 'at an unknown time'}",
        f"image {container.image_name or container.image_id[:19]}",
        f"volumes {', '.join(container.volume_names) or 'none'}",
        *([f"labels of Compose {compose_version}"] if compose_version else []),
    ]
    return ", ".join(facts)


def _misnamed(ctx: Context, service: Service) -> Refused:
    name, declared = service.container_name, service.declared_name or ""
    todo = f"rename it: `docker rename {name} {declared}`"
    if ctx.engine.container(declared) is not None:
        todo = (
            f"declare another container_name: there is another container with the name {declared}"
        )
    return Refused(
        f"The container of {service.name} is {name}, but the compose file names it {declared}",
        where=f"project {ctx.stack.project}",
        todo=todo,
    )


def _require_no_namesake(ctx: Context, names: Collection[str]) -> None:
    """Raise `Refused` if a service already runs in a project with nearly the same name.

    docker-compose 1.29 names the project after the folder, like v2, but keeps some characters that
    v2 removes, so the same folder may run as two projects.
    """
    stack, compose_names = ctx.stack, {ctx.service(name).compose_name for name in names}
    for container in ctx.engine.containers_of_folder(stack.directory, except_project=stack.project):
        own_name, other_name = map(labels.normalized_project, (stack.project, container.project))
        if own_name == other_name and container.service in compose_names:
            raise Refused(
                f"{container.service} already runs as {container.name} in the project"
                f" {container.project}, perhaps because another version of Compose derives that"
                " name from this folder",
                where=f"project {stack.project}",
                todo=f"stop that container permanently: {retire_command([container.name])}",
            )
