"""Read the files of an image without running any program of the image."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from posixpath import normpath
from typing import IO, cast
from uuid import uuid4

from docker import APIClient
from docker.errors import NotFound

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.creation.create import create_container
from cosmicdeploy.engine.containers.removal import remove
from cosmicdeploy.engine.facts import FileFacts
from cosmicdeploy.stack.model import Service

CHUNK = 1 << 16


def image_files(api: APIClient, image_id: str, folder: str, project: str) -> dict[str, FileFacts]:
    """Return the files and links below a folder of an image, by their path in that folder.

    The result is empty if the image has no such folder. To read the files, the function creates a
    container that never starts, and removes it. Raises what the SDK raises.
    """
    with _container_of(api, image_id, project) as created:
        try:
            chunks, _ = api.get_archive(created, f"{folder}/.", chunk_size=CHUNK)
            return read_files(chunks)
        except NotFound:
            return {}


def image_has(api: APIClient, image_id: str, path: str, project: str) -> bool:
    """Return whether an image has a file, a link or a folder at this path.

    Creates and removes a container, as `image_files` does. Raises what the SDK raises.
    """
    with _container_of(api, image_id, project) as created:
        try:
            api.get_archive(created, path, chunk_size=CHUNK)
        except NotFound:
            return False
        return True


@contextmanager
def _container_of(api: APIClient, image_id: str, project: str) -> Iterator[str]:
    """Create a container of an image, never start it, and remove it at the end of the block."""
    name = f"cosmicdeploy-files-{uuid4().hex[:8]}"
    # The image may declare no command, without which the engine creates no container.
    service = Service(
        name=name, container_name=name, image=image_id, entrypoint=("true",), network_mode="none"
    )
    created = create_container(
        api, service, name=name, image=image_id, labels=_labels(project), volumes={}
    )
    try:
        yield created
    finally:
        remove(api, created, volumes=True)


def read_files(chunks: Iterable[bytes]) -> dict[str, FileFacts]:
    """Return the files and links of a tar archive, by their path in the archive."""
    found: dict[str, FileFacts] = {}
    stream = cast("IO[bytes]", _Stream(iter(chunks)))
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            facts = _facts(archive, member, found)
            if facts is not None:
                found[_path(member.name)] = facts
    return found


def _facts(
    archive: tarfile.TarFile, member: tarfile.TarInfo, found: Mapping[str, FileFacts]
) -> FileFacts | None:
    """Return the facts of an archive's member; None for a folder or a special file.

    `found` holds the members so far: a hard link has the facts of its target.
    """
    owner = f"{member.uid}:{member.gid}"
    if member.issym():
        return FileFacts(content=f"-> {member.linkname}", mode=0o777, owner=owner)
    if member.islnk():
        return found.get(_path(member.linkname))
    content = archive.extractfile(member) if member.isreg() else None
    if content is None:
        return None
    digest = hashlib.sha256()
    while chunk := content.read(CHUNK):
        digest.update(chunk)
    return FileFacts(content=digest.hexdigest(), mode=member.mode & 0o7777, owner=owner)


def _path(name: str) -> str:
    return normpath(name).lstrip("/")


def _labels(project: str) -> dict[str, str]:
    """Return the labels by which a later run finds the container if this run is killed."""
    return {
        labels.PROJECT: project,
        labels.ONEOFF: "True",
        labels.VERSION: labels.COMPOSE_VERSION,
        labels.MARKER: labels.FILES,
    }


@dataclass
class _Stream:
    """Makes chunks of bytes readable as a file, from the first byte to the last, for `tarfile`."""

    chunks: Iterator[bytes]
    rest: bytes = b""

    def read(self, size: int) -> bytes:
        parts, missing = [self.rest[:size]], size - len(self.rest)
        self.rest = self.rest[size:]
        while missing > 0 and (chunk := next(self.chunks, b"")):
            parts.append(chunk[:missing])
            self.rest = chunk[missing:]
            missing -= len(chunk)
        return b"".join(parts)
