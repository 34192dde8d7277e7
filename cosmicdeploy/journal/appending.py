"""Append to the journal's file, or replace the file, without losing concurrent writes.

A process that appends holds a shared lock on the file. A rotation holds an exclusive lock until it
has replaced the file. If a process is killed, its lock is released.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from cosmicdeploy.files.atomic import PRIVATE, lock_file
from cosmicdeploy.journal.lines import require_regular

# An append waits up to this long for a rotation; one of 200,000 lines takes a few seconds.
ROTATION_SECONDS = 30.0
POLL_SECONDS = 0.02


def append_line(path: Path, line: bytes) -> None:
    """Append a line to the journal's file, and wait until the disk has it.

    Creates a missing file. Raises `OSError`, for example if the disk is full or a rotation takes
    longer than `ROTATION_SECONDS`, and what `require_regular` raises.
    """
    handle = _open_to_append(path)
    try:
        write_line(handle, line, path)
    finally:
        os.close(handle)


def write_line(handle: int, line: bytes, path: Path) -> None:
    """Write a line to the journal's open file, and wait until the disk has it. Raises `OSError`.

    The file is open in append mode, or its position is at its end.
    """
    # A kill may have cut the last line short; the record must begin on a new line.
    size = os.fstat(handle).st_size
    is_new_line = size == 0 or os.pread(handle, 1, size - 1) == b"\n"
    data = line if is_new_line else b"\n" + line
    if os.write(handle, data) < len(data):  # disk full; readers skip the cut line
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    os.fsync(handle)


def _open_to_append(path: Path) -> int:
    """Open the journal's file with a shared lock; wait for a rotation to end.

    Raises `OSError` (EBUSY if the rotation takes longer than `ROTATION_SECONDS`), and what
    `require_regular` raises.
    """
    deadline = time.monotonic() + ROTATION_SECONDS
    while True:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        try:
            require_regular(handle, path)
            is_locked = _lock_shared(handle)
            if is_locked and _is_at(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        if not is_locked:  # else a rotation has replaced the file: open the new one at once
            if time.monotonic() > deadline:
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(path))
            time.sleep(POLL_SECONDS)


def _lock_shared(handle: int) -> bool:
    """Take a shared lock on the file; return False if a rotation holds the exclusive lock."""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # this file system has no locks, so no rotation takes place either
        return True
    return True


def _is_at(handle: int, path: Path) -> bool:
    """Return whether the open file is still the one at this path; a rotation replaces it."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), path.stat())
    return False


@contextmanager
def exclusively(path: Path) -> Iterator[BinaryIO]:
    """Open the journal's file to replace it; within the block no process appends to it.

    Raises `BlockingIOError` if another process is writing to the file or has just replaced it, and
    another `OSError` if the file is missing or its file system has no locks.
    """
    with path.open("r+b") as file:
        lock_file(file)
        if not _is_at(file.fileno(), path):
            raise BlockingIOError(errno.EAGAIN, "the journal was replaced just now", str(path))
        yield file
