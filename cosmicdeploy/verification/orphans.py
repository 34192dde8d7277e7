"""Find orphans: containers of the project that no service declares, and second schedulers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.in_place import not_in_place, service_of
from cosmicdeploy.engine.containers.names import is_temporary
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.lock import holder_pid
from cosmicdeploy.probes.preconditions.retire import retire_command
from cosmicdeploy.probes.result import CheckResult

SECOND_SCHEDULER = "second scheduler"
NOT_IN_THE_FILE = "not in the file"
SECOND_CONTAINER = "second container"
SUPERSEDED = "superseded"
STOPPED = "stopped container"
REMOVE_ORPHANS = "`cosmicdeploy deploy --remove-orphans` removes them; their volumes stay"


@dataclass(frozen=True, kw_only=True)
class Orphan:
    """A container that should not exist; `what` says why, `todo` what the operator can do."""

    container: Container
    what: str
    todo: str


def find_orphans(ctx: Context) -> list[Orphan]:
    """Return all orphans, second schedulers first."""
    schedulers = second_schedulers(ctx)
    known = {orphan.container.id for orphan in schedulers}
    is_locked = holder_pid(ctx.engine, ctx.stack.project) is not None
    others = [
        _classify(ctx, container)
        for container in _undeclared(ctx)
        if container.id not in known
        # A running deploy keeps superseded containers for its undo: these are no orphans.
        and not (is_locked and is_temporary(container.name))
    ]
    return [*schedulers, *others]


def removable_orphans(ctx: Context) -> list[Container]:
    """Return the project's containers whose service the compose file no longer declares.

    `deploy --remove-orphans` removes them, as Compose does with this option. Leaves out containers
    without the label of a service: neither Compose nor a deploy created them.
    """
    undeclared = [each for each in _undeclared(ctx) if service_of(ctx.stack, each) is None]
    return [container for container in undeclared if container.service]


def second_schedulers(ctx: Context) -> list[Orphan]:
    """Return the running containers, of this project or not, that repeat the scheduler's work."""
    removable = {each.id for each in removable_orphans(ctx)}
    stop = "stop it, since each task runs twice"
    return [
        Orphan(
            container=each,
            what=SECOND_SCHEDULER,
            todo=f"{stop}: `docker stop {each.name}`"
            + (f"; or {REMOVE_ORPHANS}" if each.id in removable else ""),
        )
        for each in _possible_schedulers(ctx)
        if is_second_scheduler(ctx, each)
    ]


def is_second_scheduler(ctx: Context, container: Container) -> bool:
    """Whether a container is active and does the scheduler's work.

    Callers leave out the scheduler's own container, for which this is also true.
    """
    return container.is_active and _schedules(ctx, container)


def orphans(ctx: Context) -> CheckResult:
    """Check that there are no orphans.

    A deploy fails if there is a second scheduler or a second running container of a service; other
    orphans are only reported.
    """
    found = find_orphans(ctx)
    lines = [f"{each.container.name}: {each.what}, {each.container.status}" for each in found]
    return CheckResult(
        point="orphans",
        ok=not found,
        expected="one scheduler, and only containers that the compose file declares",
        found="; ".join(lines) or "none",
        todo="; ".join(dict.fromkeys(each.todo for each in found)),
        blocking=any(each.what in (SECOND_SCHEDULER, SECOND_CONTAINER) for each in found),
    )


def _undeclared(ctx: Context) -> Iterator[Container]:
    """Yield the project's containers that belong to no service, and surplus ones of a service.

    Leaves out the containers of one-shot services and of services in `left_alone`, which may have
    several containers. Leaves out the containers of a service whose profiles are inactive, as
    Compose does. Also leaves out containers that the deployer has created for its own purposes,
    such as its lock.
    """
    handled = ctx.settings.services.all
    for container in ctx.unassigned_containers():
        if container.service in ctx.stack.inactive:
            continue
        service = service_of(ctx.stack, container)
        if labels.MARKER not in container.labels and (service is None or service.name in handled):
            yield container


def _classify(ctx: Context, container: Container) -> Orphan:
    """Return the orphan with advice for the operator.

    The advice never removes a running container or a volume.
    """
    service = service_of(ctx.stack, container)
    if service is None and container.service:
        todo = f"declare the services of these containers again, or {REMOVE_ORPHANS}"
        return Orphan(container=container, what=NOT_IN_THE_FILE, todo=todo)
    if service is None:
        todo = f"declare a service for it, or {_removal(container)}"
        return Orphan(container=container, what=NOT_IN_THE_FILE, todo=todo)
    # Without the suffix of a rollout, its name is that of the service's own container.
    if is_temporary(container.name) and not not_in_place(service, [container]):
        todo = "run `cosmicdeploy deploy`: it restores or removes this container"
        return Orphan(container=container, what=SUPERSEDED, todo=todo)
    if not container.is_active:
        return Orphan(container=container, what=STOPPED, todo=_removal(container))
    both = f"{service.container_name} and {container.name}"
    todo = (
        f"decide which of {both} stays, and stop the other one (NAME) permanently:"
        f" {retire_command(['NAME'])}"
    )
    return Orphan(container=container, what=SECOND_CONTAINER, todo=todo)


def _removal(container: Container) -> str:
    if container.is_active:
        return f"stop it permanently: {retire_command([container.name])}"
    volumes = ", ".join(container.volumes.values())
    kept = f"; its anonymous volumes stay: {volumes}" if volumes else ""
    return f"remove it once nothing in it is needed: `docker rm {container.name}`{kept}"


def _possible_schedulers(ctx: Context) -> Iterator[Container]:
    """Yield the containers other than the scheduler's own that may do its work.

    These are the project's undeclared and one-off containers, and containers outside of the project
    that run an image of the release and can reach this stack.
    """
    if ctx.settings.services.scheduler is None:
        return
    yield from _undeclared(ctx)
    yield from ctx.engine.oneoffs(ctx.stack.project)
    names = ctx.settings.services.released
    images = {image.id for image in ctx.images_of(names).values() if image}
    images |= {container.image_id for name in names if (container := ctx.container(name))}
    for container in ctx.engine.containers_of_images(images, except_project=ctx.stack.project):
        if _reaches_stack(ctx, container):
            yield container


def _reaches_stack(ctx: Context, container: Container) -> bool:
    """Return whether a container outside of the project may work on this stack.

    A container of another project counts only in one of the stack's own networks: an external
    network may connect projects that have nothing else in common. A container without a project
    always counts.
    """
    networks = {each.name for each in ctx.stack.networks.values() if not each.external}
    return not container.project or bool(networks & container.addresses.keys())


def _schedules(ctx: Context, container: Container) -> bool:
    """Whether a container is of the scheduler's service, or has the scheduler's command."""
    name = ctx.settings.services.scheduler or ""
    is_oneoff = container.labels.get(labels.ONEOFF) == "True"
    if container.project == ctx.stack.project and container.service == name and not is_oneoff:
        return True
    command = _command(ctx, name)
    if command == _command(ctx, ctx.settings.services.app[0]):
        return False  # the replicas have the same command, so it does not identify a scheduler
    # The container's command line begins with the entrypoint.
    return bool(command) and container.command[-len(command) :] == command


def _command(ctx: Context, service: str) -> tuple[str, ...]:
    declared = ctx.service(service).command
    if declared is not None:
        return declared
    container = ctx.container(service)
    return container.command if container else ()
