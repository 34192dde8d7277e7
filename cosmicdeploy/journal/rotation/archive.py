"""The journal's archive: the file next to the journal to which a rotation moves old lines."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from cosmicdeploy.files.atomic import PRIVATE, sync, sync_folder
from cosmicdeploy.journal.lines import Piece, pieces


def archive_of(journal: Path) -> Path:
    """Return the path of the archive of this journal."""
    return journal.with_name("journal.archive.jsonl")


def size_of(archive: Path) -> int:
    """Return the archive's size in bytes; 0 if there is none."""
    try:
        return archive.stat().st_size
    except FileNotFoundError:
        return 0


def append_lines(archive: Path, lines: Iterable[Piece], journal: BinaryIO) -> None:
    """Append lines of the journal to the archive, and wait until the disk has them.

    Creates a missing archive. `journal` is the open journal, whose owner and permissions the
    archive gets. Raises `OSError`.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    with os.fdopen(os.open(archive, flags, PRIVATE), "r+b") as file:
        copy_owner(journal, file)
        size = file.seek(0, os.SEEK_END)
        has_ended = size == 0 or os.pread(file.fileno(), 1, size - 1) == b"\n"
        for piece in lines:
            if not has_ended and piece.begins:
                file.write(b"\n")
            file.write(piece.data)
            has_ended = piece.ends
        if not has_ended:
            file.write(b"\n")
        sync(file)
    sync_folder(archive.parent)


def remove_incomplete(archive: Path, size: int | None, journal: BinaryIO) -> None:
    """Remove the lines that a killed rotation added to the archive, which had `size` bytes before.

    Does nothing if `size` is None, or if one of these lines is not a copy of a line that the
    journal still has. Raises `OSError`.
    """
    if size is None or size_of(archive) <= size:
        return
    with archive.open("r+b") as file:
        file.seek(size)
        journal.seek(0)
        if _are_copies(pieces(file), pieces(journal)):
            file.truncate(size)
            sync(file)


def _are_copies(copies: Iterator[Piece], originals: Iterator[Piece]) -> bool:
    """Return whether the lines are among the originals, in order; the last may be cut short."""
    # `any` stops at the line that it finds, so the search for the next copy continues after it.
    return all(
        not copy.data.strip() or any(each.data.startswith(copy.data) for each in originals)
        for copy in copies
    )


def copy_owner(source: BinaryIO, target: BinaryIO) -> None:
    """Give the file `target` the owner and the permissions of `source`. Raises `OSError`."""
    facts, own = os.fstat(source.fileno()), os.fstat(target.fileno())
    if (facts.st_uid, facts.st_gid) != (own.st_uid, own.st_gid):
        os.fchown(target.fileno(), facts.st_uid, facts.st_gid)
    os.fchmod(target.fileno(), stat.S_IMODE(facts.st_mode))
