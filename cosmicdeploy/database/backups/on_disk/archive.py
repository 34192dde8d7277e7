"""The archive of a dump: a file of SQL, compressed with zstd.

While an archive is written, the SQL is scanned, and the size and SHA-256 of the SQL and of the
compressed data are computed.

If the database's container can compress, the dump arrives compressed, so that less data passes
through the container engine. Otherwise the deployer compresses the dump.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from cosmicdeploy.database.backups.on_disk.manifest import Content
from cosmicdeploy.database.dump_format.scan import DumpScan, OnStatement, ignore_statement
from cosmicdeploy.errors import BackupError, BackupUnreadable
from cosmicdeploy.files.bounds import is_no_record, move_away

# Measured on the tables of an application that monitors devices: half the time of level 3, and the
# same size.
COMPRESSION_LEVEL = 1
CHUNK_BYTES = 1 << 20
# Data can grow ten-thousandfold when decompressed, so the decompressor gets only this many bytes at
# a time.
SLICE_BYTES = 512

# A callback for progress, called with the number of bytes processed so far: bytes of the SQL, or
# bytes of the compressed file while a copy is read back.
OnBytes = Callable[[int], None]


def ignore_progress(_: int) -> None:
    """Do nothing; for callers that do not report progress."""


class Digest:
    """Counts and hashes the bytes of a stream."""

    def __init__(self) -> None:
        self.bytes = 0
        self._hash = hashlib.sha256()

    def feed(self, chunk: bytes) -> None:
        """Add the next bytes."""
        self.bytes += len(chunk)
        self._hash.update(chunk)

    @property
    def content(self) -> Content:
        """Size and SHA-256 of the stream so far."""
        return Content(bytes=self.bytes, sha256=self._hash.hexdigest())


class Archive:
    """Writes the archive and scans its SQL, in constant memory.

    `raw` counts and hashes the SQL, `compressed` the bytes in the file. After `close`,
    `is_complete` says whether the compressed stream has ended properly. `write` raises `OSError` if
    the file cannot be written, `BackupError` if the chunk cannot be decompressed or the dump is
    malformed. `on_statement` as in `DumpScan`.
    """

    def __init__(self, file: BinaryIO, on_statement: OnStatement = ignore_statement) -> None:
        self.raw = Digest()
        self.compressed = Digest()
        self.scan = DumpScan(on_statement)
        self.is_complete = False
        self._file = file

    def write(self, chunk: bytes) -> None:
        """Add the next bytes of the dump."""
        raise NotImplementedError

    def close(self) -> None:
        """Complete the archive and set `is_complete`; the file stays open. Raises `OSError`."""

    def _scan(self, sql: bytes) -> None:
        self.raw.feed(sql)
        self.scan.feed(sql)

    def _put(self, data: bytes) -> None:
        if data:
            self._file.write(data)
            self.compressed.feed(data)


class ArchiveWriter(Archive):
    """Takes raw SQL and compresses it."""

    def __init__(self, file: BinaryIO, on_statement: OnStatement = ignore_statement) -> None:
        super().__init__(file, on_statement)
        self._compressor = zstandard.ZstdCompressor(
            level=COMPRESSION_LEVEL, write_checksum=True
        ).compressobj()

    def write(self, chunk: bytes) -> None:
        self._scan(chunk)
        self._put(self._compressor.compress(chunk))

    def close(self) -> None:
        self._put(self._compressor.flush())
        self.is_complete = True


class ArchiveReceiver(Archive):
    """Takes a dump that is already compressed, and decompresses it only to scan the SQL."""

    def __init__(self, file: BinaryIO, on_statement: OnStatement = ignore_statement) -> None:
        super().__init__(file, on_statement)
        self._decompressor = zstandard.ZstdDecompressor().decompressobj()

    def write(self, chunk: bytes) -> None:
        self._put(chunk)
        for sql in self._decompressed_chunks(memoryview(chunk)):
            self._scan(sql)

    def close(self) -> None:
        self.is_complete = self._decompressor.eof and not self._decompressor.unused_data

    def _decompressed_chunks(self, packed: memoryview) -> Iterator[bytes]:
        """Yield the SQL in `packed`, in chunks of at most `CHUNK_BYTES`."""
        waiting = bytearray()
        for start in range(0, len(packed), SLICE_BYTES):
            waiting += self._decompressed(packed[start : start + SLICE_BYTES])
            while len(waiting) >= CHUNK_BYTES:
                yield bytes(waiting[:CHUNK_BYTES])
                del waiting[:CHUNK_BYTES]
        yield bytes(waiting)

    def _decompressed(self, packed: memoryview) -> bytes:
        try:
            return self._decompressor.decompress(packed)
        except zstandard.ZstdError as error:
            raise BackupError(
                f"The dump cannot be decompressed: {error}",
                todo="take another backup: `cosmicdeploy backup create`",
            ) from error


def read_compressed(path: Path) -> Iterator[bytes]:
    """Yield the compressed bytes of an archive. Raises `BackupUnreadable` if it cannot be read."""
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise unreadable_backup(path, error) from error


def read_raw(path: Path) -> Iterator[bytes]:
    """Yield the decompressed SQL of an archive.

    Raises `BackupUnreadable` if the operating system cannot read the file, another `BackupError` if
    the data cannot be decompressed. The SQL of a truncated file may end early without an error, so
    the caller must compare the size of the SQL with the manifest.
    """
    try:
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
            while chunk := reader.read(CHUNK_BYTES):
                yield chunk
    except zstandard.ZstdError as error:
        raise BackupError(
            f"The backup's data cannot be decompressed: {error}",
            where=str(path),
            todo="use another backup: `cosmicdeploy backup list`",
        ) from error
    except OSError as error:
        raise unreadable_backup(path, error) from error


def unreadable_backup(path: Path, error: OSError) -> BackupUnreadable:
    """Return the error for a backup's file that the operating system cannot read."""
    remedy = "check the disk, the mount and the permissions, then try again"
    if is_no_record(path, error):
        remedy = f"move the file away: {move_away(path)}; then put the right one in its place"
    return BackupUnreadable(
        f"The backup cannot be read: {error.strerror}",
        where=str(path),
        todo=f"{remedy}; or use another backup: `cosmicdeploy backup list`",
    )
