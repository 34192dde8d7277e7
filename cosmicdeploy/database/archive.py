"""A dump as it is stored: compressed in a stream, hashed on both sides of the compressor."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from cosmicdeploy.database.manifest import Content
from cosmicdeploy.database.scan import DumpScan
from cosmicdeploy.errors import BackupError, BackupUnreadable

# Measured on rows of a fleet: half the time of level 3, and no larger.
LEVEL = 1
CHUNK = 1 << 20


class Digest:
    """Counts and hashes a stream as it passes."""

    def __init__(self) -> None:
        self.bytes = 0
        self._hash = hashlib.sha256()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes into account."""
        self.bytes += len(chunk)
        self._hash.update(chunk)

    @property
    def content(self) -> Content:
        """What has passed until now."""
        return Content(bytes=self.bytes, sha256=self._hash.hexdigest())


class ArchiveWriter:
    """Takes raw SQL, writes the compressed file; memory stays constant.

    `write` and `close` raise `OSError` where the file cannot be written, and `write` raises
    `BackupError` where the SQL cannot be read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.raw = Digest()
        self.compressed = Digest()
        self.scan = DumpScan()
        self._file = file
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj()

    def write(self, chunk: bytes) -> None:
        """Store the next bytes of the dump."""
        self.raw.feed(chunk)
        self.scan.feed(chunk)
        self._put(self._compressor.compress(chunk))

    def close(self) -> None:
        """End the compressed stream; the file itself stays open."""
        self._put(self._compressor.flush())

    def _put(self, data: bytes) -> None:
        if data:
            self._file.write(data)
            self.compressed.feed(data)


def read_compressed(path: Path) -> Iterator[bytes]:
    """The file as it is stored. Raises `BackupUnreadable`."""
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise unreadable(path, error) from error


def read_raw(path: Path) -> Iterator[bytes]:
    """The SQL of an archive, decompressed. Raises `BackupUnreadable`, or another `BackupError`
    where it is damaged.

    A file cut between two blocks ends early without an error: compare the size.
    """
    try:
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
            while chunk := reader.read(CHUNK):
                yield chunk
    except zstandard.ZstdError as error:
        raise BackupError(
            f"the backup's data cannot be decompressed: {error}",
            where=str(path),
            todo="use another backup",
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> BackupUnreadable:
    """What the system said, as an error of ours."""
    return BackupUnreadable(
        f"the backup cannot be read: {error.strerror}",
        where=str(path),
        todo="see to the disk, the mount and the rights, then try again; or use another backup",
    )
