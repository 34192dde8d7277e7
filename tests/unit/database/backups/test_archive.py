"""An archive is compressed as a stream, and read back unchanged."""

import hashlib
import os
import tracemalloc
from pathlib import Path

import pytest
import zstandard

from cosmicdeploy.database.backups.on_disk.archive import (
    ArchiveReceiver,
    ArchiveWriter,
    Digest,
    read_compressed,
    read_raw,
)
from cosmicdeploy.errors import BackupError

pytestmark = pytest.mark.unit


def write_archive(path: Path, chunks: list[bytes]) -> ArchiveWriter:
    with path.open("wb") as file:
        writer = ArchiveWriter(file)
        for chunk in chunks:
            writer.write(chunk)
        writer.close()
    return writer


def receive(path: Path, packed: bytes, chunk_size: int = 1 << 20) -> ArchiveReceiver:
    with path.open("wb") as file:
        receiver = ArchiveReceiver(file)
        for start in range(0, len(packed), chunk_size):
            receiver.write(packed[start : start + chunk_size])
        receiver.close()
    return receiver


@pytest.mark.parametrize("chunk_size", [1, 5000, 1 << 20])
def test_a_received_dump_is_stored_unchanged_and_hashed_raw_and_compressed(
    tmp_path: Path, chunk_size: int
) -> None:
    sql = b"CREATE TABLE `a` (\n);\n" + os.urandom(20_000).hex().encode() + b"\n-- Dump completed"
    packed = zstandard.ZstdCompressor(write_checksum=True).compress(sql)
    path = tmp_path / "a.zst"
    receiver = receive(path, packed, chunk_size)
    assert receiver.is_complete and receiver.scan.is_complete and receiver.scan.tables == {"a"}
    assert path.read_bytes() == packed
    assert receiver.raw.content.sha256 == hashlib.sha256(sql).hexdigest()
    assert receiver.compressed.content.sha256 == hashlib.sha256(packed).hexdigest()


def test_a_compressed_dump_that_breaks_off_is_incomplete(tmp_path: Path) -> None:
    sql = b"-- nothing\n" * 100_000
    packed = zstandard.ZstdCompressor(write_checksum=True).compress(sql)
    cut = receive(tmp_path / "a.zst", packed[:-2])
    assert cut.raw.bytes == len(sql)  # only the end of the compressed stream is missing
    assert not cut.is_complete
    with pytest.raises(BackupError, match="cannot be decompressed"):
        receive(tmp_path / "a.zst", b"not zstandard")


def test_data_that_decompresses_a_thousandfold_takes_little_memory(tmp_path: Path) -> None:
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    packed = b"".join(packer.compress(b"-- zeros\n" * (1 << 17)) for _ in range(100))
    packed += packer.flush()
    tracemalloc.start()
    try:
        receiver = receive(tmp_path / "a.zst", packed)
        assert tracemalloc.get_traced_memory()[1] < 48 << 20
    finally:
        tracemalloc.stop()
    assert receiver.raw.bytes == 9 * (1 << 17) * 100 > 1000 * len(packed)


def test_raw_and_compressed_data_are_hashed(tmp_path: Path) -> None:
    chunks = [os.urandom(n) for n in (0, 1, 70_000, 3_000_000)]
    path = tmp_path / "a.zst"
    writer = write_archive(path, chunks)
    assert b"".join(read_raw(path)) == b"".join(chunks)
    assert writer.raw.content.sha256 == hashlib.sha256(b"".join(chunks)).hexdigest()
    assert writer.compressed.content.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert writer.compressed.content.bytes == path.stat().st_size


def test_writing_and_reading_take_constant_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.zst"
    tracemalloc.start()
    try:
        write_archive(path, [b"SELECT '" + b"0" * 65525 + b"';\n"] * 2000)
        digest = Digest()
        for chunk in read_raw(path):
            digest.feed(chunk)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    assert digest.bytes == 65536 * 2000


def test_damaged_data_raises_a_backup_error(tmp_path: Path) -> None:
    path = tmp_path / "a.zst"
    write_archive(path, [b"some SQL\n" * 10_000])
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(BackupError, match="cannot be decompressed"):
        list(read_raw(path))


def test_a_missing_file_raises_a_backup_error(tmp_path: Path) -> None:
    for read in (read_raw, read_compressed):
        with pytest.raises(BackupError, match="cannot be read"):
            list(read(tmp_path / "nothing"))
