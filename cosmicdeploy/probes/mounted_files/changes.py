"""Find mounted files that have changed since the container read them."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.probes.mounted_files.files import MountedFile, key_of, mounted_files
from cosmicdeploy.probes.mounted_files.records import Record, Records
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.proxy.kernel.identity import is_same_file
from cosmicdeploy.stack.model import Service


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """A mounted file that differs from what its container has read.

    `how` says what happened:
    - `changed`: the file has new content, which the container sees.
    - `replaced`: another file is at its path on the host; the container still sees the former file.
    - `gone`: no file is at its path on the host; the container still sees the former file.
    - `removed`: the file is no longer in its mounted folder, so the container does not see it.
    """

    file: MountedFile
    how: Literal["changed", "replaced", "gone", "removed"]

    @property
    def needs_new_container(self) -> bool:
        """Whether only a new container can see the host's present file; this container cannot."""
        return self.how in ("replaced", "gone")

    def __str__(self) -> str:
        if self.how == "replaced":
            return (
                f"{self.file.key} was replaced on the host: the container still sees the old file"
            )
        if self.how == "gone":
            return f"{self.file.key} is gone from the host: the container still sees the old file"
        return f"{self.file.key} {self.how}"


def changed_files(
    ctx: Context, service: str, container: Container, read_at: float = 0.0
) -> list[FileChange]:
    """Return the mounted files that have changed since a running container last read them.

    The container last read them at the latest of these times: its start, the time in its record,
    and `read_at` (Unix time). Returns nothing for a container on another host, whose files the
    deployer cannot read.
    """
    if not (container.is_running and proc.is_on_this_host(container)):
        return []
    records = Records(ctx.loaded.state_directory)
    record = records.of(container)
    last = max(container.started_unix, read_at, record.read_at)
    files = mounted_files(ctx.service(service), container, ctx.stack.directory)
    found = [(file, _change(ctx, container, file, last, records)) for file in files]
    changes = [FileChange(file=file, how=how) for file, how in found if how is not None]
    return [*changes, *_removed(record, files, ctx.stack.directory)]


def remember(ctx: Context, read: Mapping[str, tuple[Container, float]]) -> None:
    """Record digests of the files that containers have read, so that a mere `touch` is no change.

    `read` has each service's container, and when that container last read its files (Unix time; 0
    if only at its start). The records of all other containers are dropped. Raises `OSError` if the
    records cannot be written.
    """
    records = Records(ctx.loaded.state_directory)
    kept = {}
    for service, (container, read_at) in read.items():
        if not (container.is_running and proc.is_on_this_host(container)):
            continue
        former = records.of(container)
        last = max(former.read_at, read_at)
        digests = {}
        for file in _remembered_files(ctx, service, container):
            digest = _digest_as_read(file, max(container.started_unix, last), records)
            if known := digest or former.digests.get(file.target):
                digests[file.target] = known
        kept[container.id] = (container, Record(read_at=last, digests=digests))
    records.write(kept)


def _remembered_files(ctx: Context, service: str, container: Container) -> list[MountedFile]:
    """Return the files to record: for a released service, only its secrets and configs."""
    declared = ctx.service(service)
    if service not in ctx.settings.services.infrastructure:
        declared = _with_sources_only(declared)
    return mounted_files(declared, container, ctx.stack.directory)


def _with_sources_only(service: Service) -> Service:
    """Return the service without mounts other than its secrets and configs."""
    return replace(service, mounts=tuple(mount for mount in service.mounts if mount.key))


def unchanged_sources(ctx: Context, service: str, container: Container) -> set[str]:
    """Return the keys of the secrets and configs whose files have the content recorded as read.

    The modification time of such a file proves no change: a pipeline may write the same secret
    again. A file without a record, or one that cannot be read, is not returned.
    """
    records = Records(ctx.loaded.state_directory)
    digests = records.of(container).digests
    files = mounted_files(_with_sources_only(ctx.service(service)), container, ctx.stack.directory)
    return {file.key for file in files if digests.get(file.target, "") == _digest(file, records)}


Change = Literal["changed", "replaced", "gone"]


def _change(
    ctx: Context, container: Container, file: MountedFile, last: float, records: Records
) -> Change | None:
    """Return how a file has changed since the Unix time `last`; None if not, or if unknown."""
    try:
        touched_at = _touched_at(file)
    except FileNotFoundError:
        return "gone" if file.is_alone else None
    if touched_at is None or touched_at <= container.started_unix:
        return None
    if file.is_alone and is_same_file(ctx, container, file.target, file.path) is False:
        return None if _sees_same(ctx, container, file) else "replaced"
    if touched_at <= last:
        return None
    is_recorded = records.of(container).digests.get(file.target) == _digest(file, records)
    return None if is_recorded else "changed"


def _removed(record: Record, files: list[MountedFile], directory: Path) -> Iterator[FileChange]:
    """Yield the files that the container has read and that are gone from their mounted folders."""
    targets = {file.target for file in files}
    folders = {str(PurePosixPath(f.target).parent): f.path.parent for f in files if not f.is_alone}
    for target in sorted(record.digests.keys() - targets):
        name = PurePosixPath(target)
        if (folder := folders.get(str(name.parent))) is not None:
            path = folder / name.name
            key = key_of(path, directory)
            file = MountedFile(key=key, path=path, target=target, is_alone=False)
            yield FileChange(file=file, how="removed")


def _touched_at(file: MountedFile) -> float | None:
    """Return the file's ctime (Unix time); None if it is no regular file or is not accessible.

    The ctime is when the file's content or properties last changed. Unlike the modification time,
    no tool can set it to an earlier time. Raises `FileNotFoundError`.
    """
    try:
        status = file.path.stat()
    except FileNotFoundError:
        raise
    except OSError:
        return None
    return status.st_ctime if stat.S_ISREG(status.st_mode) else None


def _digest_as_read(file: MountedFile, last: float, records: Records) -> str | None:
    """Return a file's digest; None if it may have changed since the container last read it."""
    try:
        touched_at = _touched_at(file)
    except FileNotFoundError:
        return None
    return _digest(file, records) if touched_at is not None and touched_at <= last else None


def _digest(file: MountedFile, records: Records) -> str | None:
    try:
        return records.digest(file.path.read_bytes())
    except OSError:
        return None


def _sees_same(ctx: Context, container: Container, file: MountedFile) -> bool:
    """Return whether the former file, which the container sees, has the content of the new one."""
    try:
        seen = ctx.engine.exec(container.id, ["cat", file.target])
        return seen.exit_code == 0 and seen.stdout == file.path.read_bytes()
    except EngineUnavailable:
        raise
    except (EngineError, OSError):
        return False
