"""Store the output of a dump tool in an archive, and convert errors of the disk."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from cosmicdeploy.database.backups.on_disk.archive import (
    Archive,
    ArchiveReceiver,
    ArchiveWriter,
    OnBytes,
)
from cosmicdeploy.database.backups.on_disk.disk_space import no_room
from cosmicdeploy.database.dump_format.scan import OnStatement, ignore_statement
from cosmicdeploy.database.tools.container_tools import ContainerTools
from cosmicdeploy.database.tools.server_limits import require_sendable
from cosmicdeploy.errors import BackupError

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def archive_for(
    tools: ContainerTools, file: BinaryIO, on_statement: OnStatement = ignore_statement
) -> Archive:
    """Return an archive for the output of these tools, which is compressed or plain SQL.

    `on_statement` as in `DumpScan`.
    """
    if tools.compresses:
        return ArchiveReceiver(file, on_statement)
    return ArchiveWriter(file, on_statement)


def storing(archive: Archive, folder: Path) -> Callable[[bytes], None]:
    """Return a function that writes to the archive and raises only `BackupError`."""

    def store(piece: bytes) -> None:
        try:
            archive.write(piece)
        except OSError as error:  # must not look like an error of the engine's stream
            raise write_error(error, folder) from error

    return store


def limiting(
    put: Callable[[bytes], None], archive: Archive, limit: int, where: str
) -> Callable[[bytes], None]:
    """Return a function that passes bytes to `put`, and stops at a statement beyond the limit.

    `limit` is the size in bytes of the largest statement that the server accepts. The function
    raises `BackupError` as soon as the archive has a larger one.
    """

    def take(piece: bytes) -> None:
        put(piece)
        require_sendable(*archive.scan.largest, limit, where)

    return take


def reporting(
    put: Callable[[bytes], None], archive: Archive, on_bytes: OnBytes
) -> Callable[[bytes], None]:
    """Return a function that passes bytes to `put`, then reports how much SQL the archive has."""

    def take(chunk: bytes) -> None:
        put(chunk)
        on_bytes(archive.raw.bytes)

    return take


def write_error(error: OSError, folder: Path) -> BackupError:
    """Return the error for a backup that cannot be written."""
    if error.errno in DISK_FULL:
        return no_room(folder, error.strerror or "disk full")
    return BackupError(
        f"The backup cannot be written: {error.strerror}",
        where=str(folder),
        todo="check the disk and the permissions of the folder, then take another backup:"
        " `cosmicdeploy backup create`",
    )
