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

    Each statement is stored after its length, so that reading them needs no splitter. `folder` is
    where `file` is, once it is on the disk.
    """

    file: IO[bytes]
    folder: Path

    def put(self, statement: bytes) -> None:
        """Add a statement. Raises `BackupError` if writing it might fill the disk."""
        if self.file.tell() + len(statement) > IN_MEMORY:
            require_room(self.folder, len(statement))
        self.file.write(len(statement).to_bytes(LENGTH_BYTES, "big") + statement)

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(0)
        while length := self.file.read(LENGTH_BYTES):
            yield self.file.read(int.from_bytes(length, "big"))


class _Discard:
    """Takes statements that nothing needs."""

    def put(self, _statement: bytes) -> None:
        """Do nothing."""


DISCARD = _Discard()


@contextmanager
def statement_spool(folder: Path) -> Iterator[StatementSpool]:
    """Open an empty spool for the block, whose file is in `folder` once it is on the disk."""
    with SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(folder)) as file:
        yield StatementSpool(file, folder)
