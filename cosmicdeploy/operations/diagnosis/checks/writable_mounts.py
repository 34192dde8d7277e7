"""Check that containers can write to their mounted folders, and the deployer to its own."""

from __future__ import annotations

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
from cosmicdeploy.steps.commands.chown import chown_command, open_tmpfs

WRITABLE, OWN_FOLDERS = "mounts", "own folders"
# What services other than the application use a mount of each type for.
USES = {"bind": Use.UNKNOWN, "volume": Use.DATA, "tmpfs": Use.DATA}
READ_ONLY_DISK = "; if its file system became read-only, `dmesg` says why"


def mounts(ctx: Context) -> Iterator[Finding]:
    """Check each folder that the compose file mounts writable into a container.

    Covers all services with a role, including database and cache, and the services without a role
    that a deploy replaces. Runs a shell in each running container of these services.
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
            yield _finding(ctx, ctx.service(name), container, each, user)
        if not found:
            checked.append(name)
    if checked:
        yield ok(WRITABLE, f"{', '.join(checked)} can write to each writable mount")
    elif not any(writable_targets(ctx, name) for name in names):
        yield ok(WRITABLE, "no service has a writable mount")


def own_folders(ctx: Context) -> Iterator[Finding]:
    """Check that the deployer can write backups and its journal; without that, no run begins."""
    folders = {"backups": ctx.catalogue.folder, "the journal": ctx.journal.path.parent}
    found = [_closed(what, path) for what, path in folders.items() if not _is_writable(path)]
    journal = ctx.journal.path
    if _is_writable(journal.parent) and not _is_usable(journal):
        text = f"user {os.getuid()} cannot read and write {journal}, the journal"
        found.append(problem(OWN_FOLDERS, text, f"{_chown(journal)}{READ_ONLY_DISK}"))
    yield from found
    if not found:
        yield ok(OWN_FOLDERS, f"the deployer can write {' and '.join(folders)}")


def _closed(what: str, folder: Path) -> Finding:
    """Return the finding about a folder in which the deployer cannot create files."""
    text = f"user {os.getuid()} cannot create files in {folder}, the folder of {what}"
    return problem(OWN_FOLDERS, text, f"{_command_for(folder)}{READ_ONLY_DISK}")


def _command_for(folder: Path) -> str:
    """Return the command that lets the deployer create files in a folder, which may be missing."""
    nearest = nearest_existing(folder)
    if nearest == folder:
        return _chown(folder)
    if not os.access(nearest, os.X_OK):  # the deployer could use nothing below this folder
        search = f"`chmod a+x {shlex.quote(str(nearest))}`"
        return f"{search} as root, then `cosmicdeploy diagnose storage`"
    # The mode is the one with which the deployer itself would create the folder.
    return f"`install -d -m 700 -o {os.getuid()} {shlex.quote(str(folder))}` as root"


def _chown(path: Path) -> str:
    return f"`chown {os.getuid()} {shlex.quote(str(path))}` as root"


def _is_writable(folder: Path) -> bool:
    return os.access(nearest_existing(folder), os.W_OK | os.X_OK)


def _is_usable(file: Path) -> bool:
    return not file.exists() or os.access(file, os.R_OK | os.W_OK)


def writable_targets(ctx: Context, name: str) -> dict[str, Use]:
    """Return the targets of a service's writable mounts, and what the service uses each for.

    Leaves out the mounts that the compose file declares read-only, and mounted secrets and configs.
    """
    is_application = name in ctx.settings.services.released
    mounts = (m for m in ctx.service(name).mounts if not m.read_only and not m.key)
    return {m.target: Use.APPLICATION if is_application else USES[m.type] for m in mounts}


def _user(ctx: Context, name: str, container: Container) -> str:
    """Return the user whose permission is checked; "" for the container's default user.

    In the containers of the main application, this is `app.user` if it is set. Otherwise it is the
    user of the container's server process. Raises the errors of `process_user`.
    """
    if name in ctx.settings.released_by(ctx.settings.main_application) and ctx.console_user:
        return ctx.console_user
    return process_user(ctx, container, ctx.service(name).pid)


def _finding(
    ctx: Context, service: Service, container: Container, found: UnwritableMount, user: str
) -> Finding:
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
    failure = "read" if found.is_unreadable else "create files in"
    return problem(
        WRITABLE,
        f"{_named(user)} of {name} cannot {failure} {target}, which belongs to {found.owner}",
        _todo(ctx, service, container, found, user),
    )


def _todo(
    ctx: Context, service: Service, container: Container, found: UnwritableMount, user: str
) -> str:
    if any(each.type == "tmpfs" and each.target == found.target for each in service.mounts):
        return open_tmpfs(ctx, service.name, found.target)
    owner = shlex.quote(user) if user else f'"$(docker exec {container.name} id -u)"'
    command = f"`{chown_command(service, container, owner, found.target)}`"
    if found.is_unreadable:  # a read-only mount would not help: it would be unreadable too
        return command
    return f"{command}; or declare the mount read-only (`:ro`) if {service.name} only reads it"


def _named(user: str) -> str:
    return f"user {user.partition(':')[0]}" if user[:1].isdigit() else user or "the user"
