"""Write files atomically, flush them to the disk, and lock files and folders."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PRIVATE = 0o600
# The errors of file systems that have no hard links.
_NO_LINKS = (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK)


def write_atomically(path: Path, text: str, *, mode: int = PRIVATE) -> None:
    """Replace a file's content atomically; on return the new content is on the disk.

    `mode` sets the file's permissions, less the umask. Raises `OSError`.
    """
    partial = path.with_name(path.name + ".new")
    try:
        with open_private(partial, mode=mode) as file:
            file.write(text.encode())
            sync(file)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_new(path: Path, text: str, *, mode: int = PRIVATE) -> None:
    """Create a file with this content, whole or not at all; on return it is on the disk.

    `mode` is as in `write_atomically`. Also removes the partial file of a writer that was killed.
    Raises `FileExistsError` if a file, folder or link has this name, and `OSError`.
    """
    partial = path.with_name(f".{path.name}.new")
    with folder_lock(path.parent):  # another writer uses the same partial file
        partial.unlink(missing_ok=True)
        try:
            with open_private(partial, new=True, mode=mode) as file:
                file.write(text.encode())
                sync(file)
            _link(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        sync_folder(path.parent)


def _link(partial: Path, path: Path) -> None:
    """Give a file its name. Raises `FileExistsError` if anything has this name.

    Unlike a rename, a hard link never replaces an existing file. On a file system without hard
    links, the file is renamed after a check.
    """
    try:
        path.hardlink_to(partial)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        partial.rename(path)


def open_private(path: Path, *, new: bool = False, mode: int = PRIVATE) -> BinaryIO:
    """Create a file, or empty an existing one, and open it for writing.

    `mode` sets the permissions of a created file: by default only the owner may read it. Raises
    `OSError`; with `new`, `FileExistsError` if the file exists.
    """
    if_exists = os.O_EXCL if new else os.O_TRUNC
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | if_exists | os.O_CLOEXEC, mode)
    return os.fdopen(descriptor, "wb")


def sync(file: BinaryIO) -> None:
    """Flush a file to the disk. Raises `OSError`."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Flush renames and removals in a folder to the disk. Raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock_file(file: BinaryIO) -> None:
    """Lock a file until it is closed or the process ends; the lock shows that a writer is alive.

    Raises `BlockingIOError` if the file is locked already.
    """
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_locked(path: Path) -> bool:
    """Return whether a living writer locks the file; False if the file is missing.

    Raises `OSError` if the file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


@contextmanager
def shared_lock(path: Path) -> Iterator[None]:
    """Lock a file against writers while this block reads it.

    Raises `BlockingIOError` if a writer locks the file, `FileNotFoundError` if it is missing.
    """
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        path.stat()  # raises if the file was removed between opening and locking
        yield


@contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Lock a file against readers and writers in this block.

    Raises `BlockingIOError` if the file is locked already.
    """
    with path.open("r+b") as file:
        lock_file(file)
        yield


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Wait for the exclusive lock on a folder, and hold it in this block."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
