"""A dump as it is stored: compressed in a stream, hashed on both sides of the compressor.

Where the database's container can compress, only the compressed dump goes through the engine's
streams; else it is compressed here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from cosmicdeploy.database.backups.manifest import Content
from cosmicdeploy.database.dump_format.scan import DumpScan
from cosmicdeploy.errors import BackupError, BackupUnreadable

# Measured on rows of a fleet: half the time of level 3, and no larger.
LEVEL = 1
CHUNK = 1 << 20
# What is compressed may unfold to ten thousand times its size: so little is unfolded at a time.
SLICE = 512

# Called with the number of raw bytes done so far.
OnBytes = Callable[[int], None]


def ignore_progress(_: int) -> None:
    """Do nothing; for callers that do not report progress."""


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


class Archive:
    """A file of compressed SQL that grows; memory stays constant. It is `whole` once its compressed
    stream was ended well.

    `write` raises `OSError` where the file cannot be written, and `BackupError` where the SQL
    cannot be read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.raw = Digest()
        self.compressed = Digest()
        self.scan = DumpScan()
        self.whole = False
        self._file = file

    def write(self, chunk: bytes) -> None:
        """Take the next bytes of the dump."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing more comes; the file itself stays open. Raises `OSError`."""

    def _see(self, sql: bytes) -> None:
        self.raw.feed(sql)
        self.scan.feed(sql)

    def _put(self, data: bytes) -> None:
        if data:
            self._file.write(data)
            self.compressed.feed(data)


class ArchiveWriter(Archive):
    """Takes raw SQL, and compresses it."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj()

    def write(self, chunk: bytes) -> None:
        self._see(chunk)
        self._put(self._compressor.compress(chunk))

    def close(self) -> None:
        self._put(self._compressor.flush())
        self.whole = True


class ArchiveReceiver(Archive):
    """Takes SQL that was compressed on its way, and looks into it."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self._decompressor = zstandard.ZstdDecompressor().decompressobj()

    def write(self, chunk: bytes) -> None:
        self._put(chunk)
        for sql in self._unpacked(memoryview(chunk)):
            self._see(sql)

    def close(self) -> None:
        self.whole = self._decompressor.eof and not self._decompressor.unused_data

    def _unpacked(self, packed: memoryview) -> Iterator[bytes]:
        waiting = bytearray()
        for start in range(0, len(packed), SLICE):
            waiting += self._decompressed(packed[start : start + SLICE])
            while len(waiting) >= CHUNK:
                yield bytes(waiting[:CHUNK])
                del waiting[:CHUNK]
        yield bytes(waiting)

    def _decompressed(self, packed: memoryview) -> bytes:
        try:
            return self._decompressor.decompress(packed)
        except zstandard.ZstdError as error:
            raise BackupError(
                f"the dump cannot be decompressed: {error}", todo="take another backup"
            ) from error


def read_compressed(path: Path) -> Iterator[bytes]:
    """The file as it is stored. Raises `BackupUnreadable`."""
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise unreadable_backup(path, error) from error


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
        raise unreadable_backup(path, error) from error


def unreadable_backup(path: Path, error: OSError) -> BackupUnreadable:
    """What the system said, as an error of ours."""
    return BackupUnreadable(
        f"the backup cannot be read: {error.strerror}",
        where=str(path),
        todo="see to the disk, the mount and the rights, then try again; or use another backup",
    )
