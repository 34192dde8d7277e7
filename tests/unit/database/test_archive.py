"""Compressed in a stream, and read back to the byte."""

import hashlib
import os
import tracemalloc
from pathlib import Path

import pytest

from cosmicdeploy.database.archive import ArchiveWriter, Digest, read_compressed, read_raw
from cosmicdeploy.errors import BackupError

pytestmark = pytest.mark.unit


def archive(path: Path, chunks: list[bytes]) -> ArchiveWriter:
    with path.open("wb") as file:
        writer = ArchiveWriter(file)
        for chunk in chunks:
            writer.write(chunk)
        writer.close()
    return writer


def test_both_sides_are_hashed(tmp_path: Path) -> None:
    chunks = [os.urandom(n) for n in (0, 1, 70_000, 3_000_000)]
    path = tmp_path / "a.zst"
    writer = archive(path, chunks)
    assert b"".join(read_raw(path)) == b"".join(chunks)
    assert writer.raw.content.sha256 == hashlib.sha256(b"".join(chunks)).hexdigest()
    assert writer.compressed.content.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert writer.compressed.content.bytes == path.stat().st_size


def test_memory_stays_constant(tmp_path: Path) -> None:
    path = tmp_path / "a.zst"
    tracemalloc.start()
    try:
        archive(path, [b"SELECT '" + b"0" * 65525 + b"';\n"] * 2000)
        digest = Digest()
        for chunk in read_raw(path):
            digest.feed(chunk)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    assert digest.bytes == 65536 * 2000


def test_damaged_data_is_an_error_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "a.zst"
    archive(path, [b"some SQL\n" * 10_000])
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(BackupError, match="cannot be decompressed"):
        list(read_raw(path))


def test_a_missing_file(tmp_path: Path) -> None:
    for read in (read_raw, read_compressed):
        with pytest.raises(BackupError, match="cannot be read"):
            list(read(tmp_path / "nothing"))
