"""Which files of the host a service is configured by, as far as its mounts tell."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from cosmicdeploy.engine.facts import Container
from cosmicdeploy.stack.model import Mount, Service

# A mounted folder holds configuration if its path in the container has one of these names.
_OF_CONFIGURATION = {
    "certs", "conf", "conf.d", "config", "configs", "etc", "provisioning", "ssl",
}  # fmt: skip
# Read only when a database is created.
_READ_ONCE = PurePosixPath("/docker-entrypoint-initdb.d")
# A folder with more files is compared as far as its first ones.
_MOST_FILES = 1_000


@dataclass(frozen=True, kw_only=True)
class MountedFile:
    """A file of this host that a container has mounted.

    `key` names it for people. `is_alone`: it is mounted by itself, so that the container goes on
    seeing the former file if another one takes its place.
    """

    key: str
    path: Path
    target: str
    is_alone: bool


def mounted_files(service: Service, container: Container, directory: Path) -> list[MountedFile]:
    """Return the files that the container has mounted as the service declares it.

    These are the files that are mounted by themselves, and those in folders of configuration.
    `directory` is the project's. Data are not among them: no folder that only holds any other name.
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
    """Return a path as people write it: from the project's directory, if it is in there."""
    return str(path.relative_to(directory) if path.is_relative_to(directory) else path)
