"""Each service has one container: what several of them are refused with, before a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from cosmicdeploy.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.in_place import adopt, final_name, of_service
from cosmicdeploy.engine.model import Container
from cosmicdeploy.errors import Refused
from cosmicdeploy.stack.model import Service


def as_it_is(ctx: Context, names: Collection[str]) -> Context:
    """Return the context with the containers' names of this moment, once it is seen that each of
    these services has one container.

    Raises `Refused` where a container of one of them could be started beside another one.
    """
    found = ctx.engine.containers(ctx.stack.project)
    ctx = replace(ctx, stack=adopt(ctx.stack, found))
    _require_no_namesake(ctx, names)
    for name in names:
        _require_one(ctx, of_service(found, name), ctx.service(name))
    return ctx


def retire(names: Iterable[str]) -> str:
    """A command that ends containers for good and loses nothing: neither is removed."""
    listed = " ".join(names)
    return f"`docker update --restart=no {listed} && docker stop {listed}`"


def _require_one(ctx: Context, containers: Sequence[Container], service: Service) -> None:
    running = sorted({final_name(c) for c in containers if c.active})
    others = sorted({final_name(c) for c in containers})
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
    if containers and service.declared_name not in (None, service.container_name):
        raise _misnamed(ctx, containers, service)


def _several(ctx: Context, containers: Iterable[Container], what: str, todo: str) -> Refused:
    return Refused(
        f"{what}; one for each service is supported",
        where=f"project {ctx.stack.project}",
        todo=todo,
        details=[_told(container) for container in containers],
    )


def _told(container: Container) -> str:
    maker = container.labels.get(labels.VERSION)
    started = "never" if container.status == "created" else container.started_at[:19]
    told = f"{container.name}: {container.status}, started {started}"
    return f"{told}, labels of Compose {maker}" if maker else told


def _misnamed(ctx: Context, containers: Sequence[Container], service: Service) -> Refused:
    name, declared = service.container_name, service.declared_name or ""
    todo = f"give it that name: `docker rename {name} {declared}`"
    if any(c.name == declared for c in containers):
        todo = (
            f"give it that name, and the stopped one another: `docker rename {declared}"
            f" {declared}-old && docker rename {name} {declared}`"
        )
    elif ctx.engine.container(declared) is not None:
        todo = f"declare another container_name: {declared} is no container of {service.name}"
    return Refused(
        f"The container of {service.name} is {name}, and the compose file names it {declared}",
        where=f"project {ctx.stack.project}",
        todo=todo,
    )


def _require_no_namesake(ctx: Context, names: Collection[str]) -> None:
    """docker-compose 1.29 keeps marks in a project's name that v2 strips, so the same folder may
    run as two projects."""
    stack = ctx.stack
    for container in ctx.engine.made_from(stack.directory, besides=stack.project):
        alike = labels.spelled(container.project) == labels.spelled(stack.project)
        if alike and container.service in names:
            raise Refused(
                f"{container.service} runs already, as {container.name} of the project"
                f" {container.project}, which this folder's name is for docker-compose 1.29",
                where=f"project {stack.project}",
                todo=f"end that one for good: {retire([container.name])}",
            )
