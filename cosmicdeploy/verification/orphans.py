"""Containers that should not be there: a second scheduler, what the compose file does not know,
what was set aside and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cosmicdeploy.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.in_place import beside
from cosmicdeploy.engine.containers.names import is_temporary
from cosmicdeploy.engine.model import Container
from cosmicdeploy.lock import holding_process
from cosmicdeploy.probes.preconditions.one_each import retire
from cosmicdeploy.probes.result import CheckResult

SECOND_SCHEDULER = "second scheduler"
NOT_IN_THE_FILE = "not in the file"
SECOND_CONTAINER = "second container"
LEFT_OVER = "left over"


@dataclass(frozen=True, kw_only=True)
class Stray:
    """A container that should not be there, and what to do about it."""

    container: Container
    what: str
    todo: str


def strays(ctx: Context) -> list[Stray]:
    """All of them, second schedulers first."""
    schedulers = second_schedulers(ctx)
    known = {stray.container.id for stray in schedulers}
    at_work = holding_process(ctx.engine, ctx.stack.project) is not None
    found = [
        _judged(ctx, container)
        for container in _out_of_place(ctx)
        if container.id not in known
        # What a run sets aside while it is at work is its way back.
        and not (at_work and is_temporary(container.name))
    ]
    return [*schedulers, *found]


def second_schedulers(ctx: Context) -> list[Stray]:
    """Running containers that do the scheduler's work beside it, whoever started them."""
    return [
        Stray(
            container=container,
            what=SECOND_SCHEDULER,
            todo=f"stop it, since each task is done twice: `docker stop {container.name}`",
        )
        for container in _candidates(ctx)
        if container.active and _schedules(ctx, container)
    ]


def strays_check(ctx: Context) -> CheckResult:
    """No container is there that should not be. A deploy fails on one that runs beside another of
    its service."""
    found = strays(ctx)
    told = [f"{each.container.name}: {each.what}, {each.container.status}" for each in found]
    return CheckResult(
        point="strays",
        ok=not found,
        expected="one scheduler, and no container that the compose file does not know",
        found="; ".join(told) or "none",
        todo="; ".join(dict.fromkeys(each.todo for each in found)),
        blocking=any(each.what in (SECOND_SCHEDULER, SECOND_CONTAINER) for each in found),
    )


def _out_of_place(ctx: Context) -> Iterator[Container]:
    """Containers of the project that play no service of the file, but for those of services that
    nothing here handles: they may be several."""
    handled = ctx.settings.services.all
    for container in ctx.out_of_place():
        declared = container.service in ctx.stack.services
        if labels.MARKER not in container.labels and (container.service in handled or not declared):
            yield container


def _judged(ctx: Context, container: Container) -> Stray:
    """What runs is never to be removed, nor a volume that only this container knows."""
    service = ctx.stack.services.get(container.service)
    if service is None:
        todo = f"declare its service, or {_put_away(container)}"
        return Stray(container=container, what=NOT_IN_THE_FILE, todo=todo)
    if is_temporary(container.name) and not beside(service, [container]):
        todo = "the next deploy puts it back or removes it"
        return Stray(container=container, what=LEFT_OVER, todo=todo)
    if not container.active:
        return Stray(container=container, what=LEFT_OVER, todo=_put_away(container))
    both = f"{service.container_name} and {container.name}"
    todo = f"decide which of {both} stays, and end the other one, NAME: {retire(['NAME'])}"
    return Stray(container=container, what=SECOND_CONTAINER, todo=todo)


def _put_away(container: Container) -> str:
    if container.active:
        return f"end it for good: {retire([container.name])}"
    volumes = ", ".join(container.volumes.values())
    kept = f"; its unnamed volumes stay, and only it knows them: {volumes}" if volumes else ""
    return f"remove it once nothing in it is needed: `docker rm {container.name}`{kept}"


def _candidates(ctx: Context) -> Iterator[Container]:
    """The project's containers out of place, its one-off ones, and whatever else runs an image of
    the release."""
    if ctx.settings.services.scheduler is None:
        return
    yield from _out_of_place(ctx)
    yield from ctx.engine.oneoffs(ctx.stack.project)
    names = ctx.settings.services.released
    images = {image.id for image in ctx.images_of(names).values() if image}
    images |= {container.image_id for name in names if (container := ctx.container(name))}
    for container in ctx.engine.running(images, besides=ctx.stack.project):
        if _is_here(ctx, container):
            yield container


def _is_here(ctx: Context, container: Container) -> bool:
    """Another project's containers are of no interest unless they are in a network of our own."""
    networks = {each.name for each in ctx.stack.networks.values() if not each.external}
    return not container.project or bool(networks & container.addresses.keys())


def _schedules(ctx: Context, container: Container) -> bool:
    name = ctx.settings.services.scheduler or ""
    oneoff = container.labels.get(labels.ONEOFF) == "True"
    if container.project == ctx.stack.project and container.service == name and not oneoff:
        return True
    command = _command(ctx, name)
    if command == _command(ctx, ctx.settings.services.app[0]):
        return False  # the image finds its part in some other way
    return bool(command) and container.command[-len(command) :] == command


def _command(ctx: Context, service: str) -> tuple[str, ...]:
    declared = ctx.service(service).command
    if declared is not None:
        return declared
    container = ctx.container(service)
    return container.command if container else ()
