"""Refuse a run on a service that has several containers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from cosmicdeploy.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.in_place import (
    adopt_container_names,
    has_usual_name,
    of_service,
)
from cosmicdeploy.engine.containers.names import final_name
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import Refused
from cosmicdeploy.probes.preconditions.sole_writer import require_sole_writers
from cosmicdeploy.stack.model import Service


def resolve_containers(ctx: Context, names: Collection[str]) -> Context:
    """Return the context with the present names of the containers.

    Raises `Refused` if one of these services has several containers, so that a run could start one
    beside another.
    """
    containers = ctx.engine.containers(ctx.stack.project)
    ctx = replace(ctx, stack=adopt_container_names(ctx.stack, containers))
    _require_no_namesake(ctx, names)
    for name in names:
        _require_one(ctx, of_service(containers, name), ctx.service(name))
    require_sole_writers(ctx, [n for n in names if not _runs(containers, n)])
    return ctx


def _runs(containers: Iterable[Container], name: str) -> bool:
    return any(container.is_active for container in of_service(containers, name))


def retire(names: Iterable[str]) -> str:
    """Return the command that stops containers for good without removing them."""
    listed = " ".join(names)
    return f"`docker update --restart=no {listed} && docker stop {listed}`"


def _require_one(ctx: Context, containers: Sequence[Container], service: Service) -> None:
    running = sorted({final_name(c.name) for c in containers if c.is_active})
    others = sorted({final_name(c.name) for c in containers})
    if len(running) > 1:
        raise _several(
            ctx,
            containers,
            f"Several containers of {service.name} run: {', '.join(running)}",
            f"decide which one stays, and end each other one, NAME: {retire(['NAME'])}",
        )
    if not running and len(others) > 1:
        raise _several(
            ctx,
            containers,
            f"{service.name} has several containers, and none runs: {', '.join(others)}",
            "start the one that is to stay, NAME: `docker start NAME`",
        )
    active = [c for c in containers if c.is_active]
    if len(others) > 1 and not all(has_usual_name(ctx.stack.project, service, c) for c in active):
        raise _undecided(ctx, containers, service)
    if containers and service.declared_name not in (None, service.container_name):
        raise _misnamed(ctx, service)


def _undecided(ctx: Context, containers: Sequence[Container], service: Service) -> Refused:
    """Return the error for a running container with an unusual name, beside another container with
    the same labels.

    Which of them holds the data is unknown, so the advice swaps neither.
    """
    (running,) = {final_name(c.name) for c in containers if c.is_active}
    others = sorted({final_name(c.name) for c in containers} - {running})
    usual = [c.name for c in containers if has_usual_name(ctx.stack.project, service, c)]
    rest = usual[0] if usual else "NAME"
    return _several(
        ctx,
        containers,
        f"{running} runs with the labels of {service.name}, and so is {', '.join(others)} labelled",
        f"decide which one it is; where it is {rest}: {retire([running])}, then `docker start"
        f" {rest}`; where it is {running}, put the others away by hand once nothing in them is"
        " needed",
    )


def _several(ctx: Context, containers: Iterable[Container], what: str, todo: str) -> Refused:
    return Refused(
        f"{what}; one for each service is supported",
        where=f"project {ctx.stack.project}",
        todo=todo,
        details=[_describe(container) for container in containers],
    )


def _describe(container: Container) -> str:
    maker = container.labels.get(labels.VERSION)
    started = "never" if container.status == "created" else container.started_at[:19]
    facts = [
        f"{container.name}: {container.status}, started {started}",
        f"created {container.created_at[:19] or 'at an unknown time'}",
        f"image {container.image_name or container.image_id[:19]}",
        f"volumes {', '.join(container.volume_names) or 'none'}",
        *([f"labels of Compose {maker}"] if maker else []),
    ]
    return ", ".join(facts)


def _misnamed(ctx: Context, service: Service) -> Refused:
    name, declared = service.container_name, service.declared_name or ""
    todo = f"give it that name: `docker rename {name} {declared}`"
    if ctx.engine.container(declared) is not None:
        todo = f"declare another container_name: {declared} is no container of {service.name}"
    return Refused(
        f"The container of {service.name} is {name}, and the compose file names it {declared}",
        where=f"project {ctx.stack.project}",
        todo=todo,
    )


def _require_no_namesake(ctx: Context, names: Collection[str]) -> None:
    """Raise `Refused` if a service runs already in a project whose name differs only in spelling.

    docker-compose 1.29 keeps marks in a project's name that v2 strips, so that one folder may run
    as two projects.
    """
    stack = ctx.stack
    for container in ctx.engine.containers_of_folder(stack.directory, except_project=stack.project):
        alike = labels.normalized_project(container.project) == labels.normalized_project(
            stack.project
        )
        if alike and container.service in names:
            raise Refused(
                f"{container.service} runs already, as {container.name} of the project"
                f" {container.project}, which this folder's name is for docker-compose 1.29",
                where=f"project {stack.project}",
                todo=f"end that one for good: {retire([container.name])}",
            )
