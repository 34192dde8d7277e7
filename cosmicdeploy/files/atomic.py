"""Files that are either whole or not there, whatever happens in between."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PRIVATE = 0o600


def write_atomically(path: Path, text: str, *, mode: int = PRIVATE) -> None:
    """Replace a file's content as a whole, durable on return; `mode` is cut by the umask.

    Raises `OSError`.
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


def open_private(path: Path, *, new: bool = False, mode: int = PRIVATE) -> BinaryIO:
    """Open a file of our own for writing, 0600 unless `mode` says otherwise, empty; a `new` one
    must not be there yet.

    Raises `OSError`.
    """
    empty = os.O_EXCL if new else os.O_TRUNC
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | empty | os.O_CLOEXEC, mode)
    return os.fdopen(descriptor, "wb")


def sync(file: BinaryIO) -> None:
    """Bring what was written to the disk. Raises `OSError`."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder durable. Raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock_file(file: BinaryIO) -> None:
    """Lock a file until it is closed or the process ends: the sign of a living writer."""
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_locked(path: Path) -> bool:
    """Whether a living process holds a file; one that is not there is held by nobody."""
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
    """Hold a file as one of its readers. Raises `BlockingIOError` where a writer holds it."""
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        path.stat()  # it may have been removed before it was locked
        yield


@contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Hold a file alone. Raises `BlockingIOError` where anybody else holds it."""
    with path.open("r+b") as file:
        lock_file(file)
        yield


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Wait until nobody else changes a folder's small files, and keep others waiting meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
