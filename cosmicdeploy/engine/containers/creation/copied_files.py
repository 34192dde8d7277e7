"""Copy secrets and configs into a container, and detect changes of the copies.

Secrets and configs that are files of the host are mounted instead.
"""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Iterable

from docker import APIClient
from docker.errors import NotFound

from cosmicdeploy.engine.facts import Difference
from cosmicdeploy.engine.raw_requests import put
from cosmicdeploy.stack.model import CopiedFile

# The largest file to read from a container, in bytes.
_LONGEST = 16 << 20


def copy_files(api: APIClient, container_id: str, files: Iterable[CopiedFile]) -> None:
    """Copy the files into a new container. Raises what the SDK raises.

    If the container has a user of its own, the engine gives a file with a declared owner to that
    user instead, as it does for Compose.
    """
    for file in files:
        params = {"path": "/", "copyUIDGID": str(_has_owner(file)).lower()}
        put(api, f"/containers/{container_id}/archive", params, _archive(file))


def file_differences(
    api: APIClient, container_id: str, user: str, files: Iterable[CopiedFile]
) -> list[Difference]:
    """Return the files that the container lacks, or has with another content, mode or owner.

    A file for which `read_file` returns None counts as lacking. `user` is the container's user; if
    it is not "", owners are not compared (see `copy_files`). Raises what the SDK raises.
    """
    found = []
    for file in files:
        present = _present(api, container_id, file.target)
        if present is None:
            found.append(Difference(key=file.key, change="added"))
        elif _facts(*present, user) != _facts(*_declared(file), user):
            found.append(Difference(key=file.key, change="changed"))
    return found


def read_file(api: APIClient, container_id: str, path: str) -> bytes | None:
    """Return the content of a file in a container.

    Returns None for a missing file, for anything but a regular file, and for a file larger than
    16 MiB. Raises what the SDK raises.
    """
    present = _present(api, container_id, path)
    return present[1] if present else None


def _has_owner(file: CopiedFile) -> bool:
    return file.uid is not None or file.gid is not None


def _archive(file: CopiedFile) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member, content = _declared(file)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _declared(file: CopiedFile) -> tuple[tarfile.TarInfo, bytes]:
    content = file.content.encode("utf-8", "surrogateescape")
    member = tarfile.TarInfo(file.target.lstrip("/"))
    member.size, member.mode, member.mtime = len(content), file.mode, int(time.time())
    member.uid, member.gid = file.uid or 0, file.gid or 0
    return member, content


def _facts(member: tarfile.TarInfo, content: bytes, user: str) -> tuple[object, ...]:
    owner = None if user else (member.uid, member.gid)
    return content, member.mode & 0o7777, owner


def _present(api: APIClient, container_id: str, path: str) -> tuple[tarfile.TarInfo, bytes] | None:
    """Return a file of the container and its content; None as in `read_file`."""
    try:
        chunks, _ = api.get_archive(container_id, path)
    except NotFound:
        return None
    buffer = io.BytesIO()
    for chunk in chunks:
        buffer.write(chunk)
        if buffer.tell() > _LONGEST:
            return None
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as archive:
        member = archive.next()
        content = archive.extractfile(member) if member is not None else None
        return None if member is None or content is None else (member, content.read())
