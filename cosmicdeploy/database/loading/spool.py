"""Store statements of a dump until they can run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from cosmicdeploy.database.backups.on_disk.disk_space import require_room

# Up to this many bytes of statements stay in memory; beyond that, all go to the disk.
IN_MEMORY = 4 << 20
LENGTH_BYTES = 8


@dataclass(frozen=True)
class StatementSpool:
    """Stores statements in `file`, to run them later.

    Each statement is stored with its length before it, so that reading needs no splitter. The file
    is in memory at first; once it has grown, it is on the disk in `folder`.
    """

    file: IO[bytes]
    folder: Path

    def put(self, statement: bytes) -> None:
        """Add a statement. Raises `BackupError` if writing it might fill the disk."""
        if self.file.tell() + len(statement) > IN_MEMORY:
            require_room(self.folder, len(statement))
        self.file.write(len(statement).to_bytes(LENGTH_BYTES, "big") + statement)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the statements in the order in which they were added."""
        self.file.seek(0)
        while length := self.file.read(LENGTH_BYTES):
            yield self.file.read(int.from_bytes(length, "big"))


class _Discard:
    """Takes statements and drops them."""

    def put(self, _statement: bytes) -> None:
        """Do nothing."""


DISCARD = _Discard()


@contextmanager
def statement_spool(folder: Path) -> Iterator[StatementSpool]:
    """Open an empty spool for the block; once it has grown, its file is in `folder`."""
    with SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(folder)) as file:
        yield StatementSpool(file, folder)
