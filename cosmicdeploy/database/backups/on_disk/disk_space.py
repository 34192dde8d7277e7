"""Refuse to write a file that might fill the disk."""

from __future__ import annotations

import shutil
from pathlib import Path

from cosmicdeploy.errors import BackupError

# A full disk may stop the database itself, so this many bytes stay free.
RESERVED_BYTES = 64 << 20


def require_room(folder: Path, expected_bytes: int) -> None:
    """Raise `BackupError` if writing this many bytes to the folder might fill the disk.

    Before a dump, callers pass the size of the tables as `expected_bytes`: the compressed dump is
    smaller, unless the data is random. Raises `OSError` if the folder cannot be looked up.
    """
    free = shutil.disk_usage(folder).free
    if free < expected_bytes + RESERVED_BYTES:
        raise no_room(folder, f"{free >> 20} MiB free, {expected_bytes >> 20} MiB needed")


def no_room(folder: Path, detail: str) -> BackupError:
    """Return the error for a disk that is full, or that the backup would fill."""
    return BackupError(
        f"No room for the backup: {detail}",
        where=str(folder),
        todo="free space there, or choose another backup folder: backup.directory",
    )
