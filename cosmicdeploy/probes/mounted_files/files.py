"""Find the files of the host that configure a service, judging by its mounts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from cosmicdeploy.engine.facts import Container
from cosmicdeploy.stack.model import Mount, Service

# A mounted folder holds configuration if a part of its path in the container is one of these.
_OF_CONFIGURATION = {
    "certs", "conf", "conf.d", "config", "configs", "etc", "provisioning", "ssl",
}  # fmt: skip
# Images of databases read this folder only when they create the database.
_READ_ONCE = PurePosixPath("/docker-entrypoint-initdb.d")
# Of each mounted folder, at most this many files are returned.
_MOST_FILES = 1_000


@dataclass(frozen=True, kw_only=True)
class MountedFile:
    """A file of this host that is mounted in a container.

    `key` names the file in messages. `path` is on the host, `target` in the container. `is_alone`:
    the file itself is mounted, not its folder. If another file then takes its place on the host,
    the container still sees the former file.
    """

    key: str
    path: Path
    target: str
    is_alone: bool


def mounted_files(service: Service, container: Container, directory: Path) -> list[MountedFile]:
    """Return the files of the host that configure a container.

    These are the files that are mounted individually, and the files in each mounted folder whose
    path in the container has a part such as `config`. Files of other folders are left out, since
    they may be data. Scripts that only create a database are left out too. So is a mount that the
    container does not have, or has from another source than the service declares. `directory` is
    the project's directory.
    """
    mounts = [mount for mount in service.mounts if _is_in_place(mount, container)]
    return [file for mount in mounts for file in _files(mount, directory)]


def _is_in_place(mount: Mount, container: Container) -> bool:
    source = container.mounts.get(mount.target)
    if mount.type != "bind" or not source:
        return False
    return os.path.realpath(source) == os.path.realpath(mount.source)


def _files(mount: Mount, directory: Path) -> Iterable[MountedFile]:
    path, target = Path(mount.source), PurePosixPath(mount.target)
    if target.is_relative_to(_READ_ONCE):
        return ()
    if not path.is_dir():
        key = mount.key or key_of(path, directory)
        return [MountedFile(key=key, path=path, target=mount.target, is_alone=True)]
    if not _OF_CONFIGURATION & {*target.parts}:
        return ()
    return islice(_within(path, target, directory), _MOST_FILES)


def _within(folder: Path, target: PurePosixPath, directory: Path) -> Iterator[MountedFile]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            yield MountedFile(
                key=key_of(path, directory),
                path=path,
                target=str(target / path.relative_to(folder)),
                is_alone=False,
            )


def key_of(path: Path, directory: Path) -> str:
    """Return a path for messages: relative to the project's directory if the path is inside it."""
    return str(path.relative_to(directory) if path.is_relative_to(directory) else path)
