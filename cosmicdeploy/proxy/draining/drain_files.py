"""The drain file in a replica's container: while it exists, the replica's health check fails.

A load balancer that follows the health of a replica then sends it no requests. The label
`DRAIN_CHECK` names the file of a container whose health check the deployer has extended, and the
setting `proxy.drain_file` that of every other container.
"""

from __future__ import annotations

from uuid import uuid4

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.containers.creation.drain_check import DrainCheck, drain_check_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.stack.model import Service

# Every container can write to /dev/shm, and it is empty after each start.
FILE = "/dev/shm/cosmicdeploy-drain"  # noqa: S108
SHELL = "/bin/sh"


def drain_file(ctx: Context, container: Container) -> str | None:
    """Return the path of a container's drain file; None if no health check looks for one."""
    check = drain_check_of(container.labels)
    return check.file if check is not None else ctx.settings.proxy.drain_file


def labels_with_check(ctx: Context, service: Service) -> dict[str, str]:
    """Return the labels that add the drain check to a new container of a replica.

    Empty for a service that is no replica or does not speak HTTP, or if its image has no shell to
    run the check.
    """
    application = ctx.settings.application_of(service.name)
    if application is None or not application.is_http or not has_shell(ctx, service):
        return {}
    # Containers that share the IPC namespace also share /dev/shm.
    file = f"{FILE}-{uuid4().hex[:8]}" if service.ipc else FILE
    return DrainCheck(file=file, port=application.port).label()


def has_shell(ctx: Context, service: Service) -> bool:
    """Return whether a service's image has a shell; True if the image does not exist yet."""
    image = ctx.image(service.image)
    if image is None:
        return True
    known = ctx.lookup_cache.image_shells
    if image.id not in known:
        known[image.id] = ctx.engine.image_has(image.id, SHELL, ctx.stack.project)
    return known[image.id]


def create(ctx: Context, container: Container, file: str) -> None:
    """Create the drain file in a running container. Raises `EngineError` if that fails."""
    _run(ctx, container, file, 'touch "$1"')


def remove(ctx: Context, container: Container, file: str) -> None:
    """Remove the drain file in a running container. Raises `EngineError` if that fails."""
    _run(ctx, container, file, 'rm -f "$1"')


def exists(ctx: Context, container: Container) -> bool:
    """Return whether the drain file of a container exists; False if the container does not run."""
    file = drain_file(ctx, container)
    if file is None or not container.is_running:
        return False
    try:
        result = ctx.engine.exec(container.id, ["sh", "-c", 'test -e "$1"', "sh", file])
    except EngineError:
        if (now := ctx.engine.container(container.id)) is not None and now.is_running:
            raise
        return False
    return result.exit_code == 0


def _run(ctx: Context, container: Container, file: str, script: str) -> None:
    result = ctx.engine.exec(container.id, ["sh", "-c", script, "sh", file])
    if result.exit_code != 0:
        is_configured = drain_check_of(container.labels) is None
        other = ", or set `proxy.drain_file` to another file" if is_configured else ""
        raise EngineError(
            "Cannot change the drain file of a replica",
            where=f"{container.name}: {file}",
            todo=f"let the container's user write there{other}",
            details=result.error_text.splitlines(),
        )
