"""Check that the application can write to the folders that are mounted into its containers."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable, ProbeFailed
from cosmicdeploy.operations.diagnosis.finding import Finding, ok, problem, warning
from cosmicdeploy.probes.storage.mounts import UnwritableMount, unwritable_mounts
from cosmicdeploy.stack.model import Service
from cosmicdeploy.steps.commands.chown import chown_command

WRITABLE = "mounts"


def mounts(ctx: Context) -> Iterator[Finding]:
    """Check each folder that the compose file mounts writable into a container of a release.

    Covers replicas, scheduler and workers. Runs a shell in each of these containers.
    """
    checked = []
    for name in ctx.settings.services.released:
        container, targets = ctx.container(name), writable_targets(ctx.service(name))
        if container is None or not container.is_running or not targets:
            continue
        user = _user(ctx, name)
        try:
            found = unwritable_mounts(ctx, container, targets, user)
        except EngineUnavailable:
            raise
        except (EngineError, ProbeFailed) as error:
            yield warning(WRITABLE, f"{name} is not checked: {error.what}")
            continue
        for each in found:
            yield _finding(ctx.service(name), container, each, user)
        if not found:
            checked.append(name)
    if checked:
        yield ok(WRITABLE, f"{', '.join(checked)} can write to each writable mount")
    elif not any(writable_targets(ctx.service(n)) for n in ctx.settings.services.released):
        yield ok(WRITABLE, "the application has no writable mount")


def writable_targets(service: Service) -> list[str]:
    """Return the targets of a service's mounts that the compose file does not declare read-only."""
    return [each.target for each in service.mounts if not each.read_only and not each.key]


def _user(ctx: Context, name: str) -> str:
    """Return the user whose permission is checked; "" for the container's own user.

    `app.user` exists only in the containers of the main application.
    """
    return (
        ctx.console_user if name in ctx.settings.released_by(ctx.settings.main_application) else ""
    )


def _finding(service: Service, container: Container, found: UnwritableMount, user: str) -> Finding:
    name, target = service.name, found.target
    if found.is_read_only:
        source = container.mounts.get(target) or "its volume"
        return problem(
            WRITABLE,
            f"{target} in {name} is mounted read-only, although the compose file declares it"
            " writable",
            f"make the file system of {source} writable again on the engine's host; `dmesg` there"
            f" says what made it read-only; then `cosmicdeploy restart {name}`",
        )
    owner = shlex.quote(user) if user else f'"$(docker exec {container.name} id -u)"'
    return problem(
        WRITABLE,
        f"{user or 'the user'} of {name} cannot create files in {target}, which belongs to"
        f" {found.owner}",
        f"`{chown_command(container, owner, target)}`; or declare the mount read-only (`:ro`) if"
        " the application only reads it",
    )
