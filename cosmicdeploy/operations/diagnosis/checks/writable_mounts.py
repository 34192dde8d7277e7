"""Check that containers can write to the folders mounted into them, and the deployer to its own."""

from __future__ import annotations

import getpass
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable, ProbeFailed
from cosmicdeploy.operations.diagnosis.finding import Finding, ok, problem, warning
from cosmicdeploy.probes.storage.disks import nearest_existing
from cosmicdeploy.probes.storage.mounts import UnwritableMount, Use, unwritable_mounts
from cosmicdeploy.probes.storage.process_user import process_user
from cosmicdeploy.stack.model import Service
from cosmicdeploy.steps.commands.chown import chown_command

WRITABLE, OWN_FOLDERS = "mounts", "own folders"
# What services other than the application use a mount of each type for.
USES = {"bind": Use.UNKNOWN, "volume": Use.DATA, "tmpfs": Use.DATA}


def mounts(ctx: Context) -> Iterator[Finding]:
    """Check each folder that the compose file mounts writable into a container.

    Covers all services with a role, and those that are deployed without one: database and cache,
    too. Runs a shell in each of these containers.
    """
    checked, names = [], ctx.settings.services.all
    for name in names:
        container, targets = ctx.container(name), writable_targets(ctx, name)
        if container is None or not container.is_running or not targets:
            continue
        try:
            user = _user(ctx, name, container)
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
    elif not any(writable_targets(ctx, name) for name in names):
        yield ok(WRITABLE, "no service has a writable mount")


def own_folders(ctx: Context) -> Iterator[Finding]:
    """Check that the deployer can write backups and its journal; without that, no run begins."""
    folders = {"backups": ctx.catalogue.folder, "the journal": ctx.journal.path.parent}
    closed = {what: path for what, path in folders.items() if not _is_writable(path)}
    for what, path in closed.items():
        yield problem(
            OWN_FOLDERS,
            f"{getpass.getuser()} cannot create files in {path}, the folder of {what}",
            f"`chown -R {shlex.quote(getpass.getuser())} {shlex.quote(str(path))}` as root; if its"
            " file system became read-only, `dmesg` says why",
        )
    if not closed:
        yield ok(OWN_FOLDERS, f"the deployer can write {' and '.join(folders)}")


def _is_writable(folder: Path) -> bool:
    return os.access(nearest_existing(folder), os.W_OK | os.X_OK)


def writable_targets(ctx: Context, name: str) -> dict[str, Use]:
    """Return the targets of a service's mounts that the compose file does not declare read-only."""
    is_application = name in ctx.settings.services.released
    mounts = (m for m in ctx.service(name).mounts if not m.read_only and not m.key)
    return {m.target: Use.APPLICATION if is_application else USES[m.type] for m in mounts}


def _user(ctx: Context, name: str, container: Container) -> str:
    """Return the user whose permission is checked; "" for the container's own user.

    In the containers of the main application that is `app.user`, else the user of the container's
    first process.
    """
    if name in ctx.settings.released_by(ctx.settings.main_application) and ctx.console_user:
        return ctx.console_user
    return process_user(ctx, container)


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
        f"{_named(user)} of {name} cannot create files in {target}, which belongs to {found.owner}",
        f"`{chown_command(container, owner, target)}`; or declare the mount read-only (`:ro`) if"
        " the application only reads it",
    )


def _named(user: str) -> str:
    return f"user {user.partition(':')[0]}" if user[:1].isdigit() else user or "the user"
