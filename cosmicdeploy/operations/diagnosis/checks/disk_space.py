"""Check that no disk of the stack is nearly full."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.operations.diagnosis.finding import Finding, ok, problem, warning
from cosmicdeploy.probes.storage.disks import (
    HERE,
    KIBIBYTE,
    FileSystem,
    file_system_here,
    file_systems,
)
from cosmicdeploy.text.formatting import format_percent

DISKS = "disks"
FREE_SPACE = (
    "free some space: `docker system df` shows what images and build caches use, and `cosmicdeploy"
    " backup prune` removes old backups"
)
FREE_INODES = "remove small files that nothing needs, such as old sessions and caches"
RAISE_LIMIT = "raise its size in the compose file, or remove what the container leaves there"


def disks(ctx: Context) -> Iterator[Finding]:
    """Check the file systems of all running containers, and those of the stack and its backups.

    Runs `df` twice in each container: once for bytes, once for inodes.
    """
    limit = ctx.settings.diagnose.disk
    space, inodes = _Found(limit), _Found(limit)
    for folder in (ctx.stack.directory, ctx.catalogue.folder):
        space.add(HERE, file_system_here(folder))
    unread = [name for name, each in _running(ctx) if not _read(ctx, name, each, space, inodes)]
    full, scarce = space.full(), inodes.full()
    for where, each in full:
        text = f"{where}: {format_percent(each.share)} in use, {_free(each)}"
        yield problem(DISKS, text, RAISE_LIMIT if each.is_in_memory else FREE_SPACE)
    for where, each in scarce:
        yield problem(
            DISKS, f"{where}: {format_percent(each.share)} of the inodes in use", FREE_INODES
        )
    if not full and not scarce:
        where, fullest = max(space.systems.values(), key=lambda item: item[1].share)
        share = format_percent(fullest.share)
        yield ok(DISKS, f"the fullest is {where}: {share} in use, {_free(fullest)}")
    if unread:
        text = f"not read in {', '.join(unread)}: `df` is missing there, or does not answer"
        yield warning(DISKS, text)


class _Found:
    """The file systems found so far, each once although several containers use the same disk.

    A file system counts as full if at least the share `limit` is in use.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self.systems: dict[object, tuple[str, FileSystem]] = {}

    def add(self, place: str, system: FileSystem) -> None:
        """Add a file system that was read in `place`, unless it is already known.

        A disk has different names in different containers, so disks are identified by their size
        and use. Two disks may be mistaken for one, but only if both are full or neither is. A file
        system in memory belongs to one container, and is always added.
        """
        is_full = system.share >= self._limit
        key: object = (system.total, round(system.share, 2), is_full)
        if system.is_in_memory:
            key = (place, system.folder)
        self.systems.setdefault(key, (f"{system.folder} of {place}", system))

    def full(self) -> list[tuple[str, FileSystem]]:
        """Return the file systems that count as full, each with its folder and place."""
        return [(w, each) for w, each in self.systems.values() if each.share >= self._limit]


def _running(ctx: Context) -> Iterator[tuple[str, Container]]:
    for name in ctx.settings.services.all:
        container = ctx.container(name)
        if container is not None and container.is_running:
            yield name, container


def _read(ctx: Context, name: str, container: Container, space: _Found, inodes: _Found) -> bool:
    """Add the file systems of a container; return whether any could be read.

    Leaves out mounts that are declared read-only: an image of a disk, for example, is always full.
    """
    read_only = {mount.target for mount in ctx.service(name).mounts if mount.read_only}
    folders = ["/", *(target for target in container.mounts if target not in read_only)]
    try:
        systems = file_systems(ctx, container, folders)
        counts = file_systems(ctx, container, folders, inodes=True)
    except EngineUnavailable:
        raise
    except EngineError:  # the container has just ended, or a network file system does not answer
        return False
    for each in systems:
        space.add(name, each)
    for each in counts:
        inodes.add(name, each)
    return bool(systems)


def _free(system: FileSystem) -> str:
    return f"{system.available * KIBIBYTE / (1 << 30):,.1f} GiB free"
