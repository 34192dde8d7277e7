"""Backups on a disk with too little room."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.stacks.databases import run
from tests.stack.stacks.dumps import assert_failed, dump_processes, once

pytestmark = pytest.mark.stack


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A separate file system of 128 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.fault("disk full")
def test_a_disk_that_fills_up_during_the_dump_fails_the_backup(
    engine: Engine, access: DatabaseAccess, small_disk: Path
) -> None:
    catalogue = Catalogue(small_disk / "backups")

    def fill_disk(_: int) -> None:
        with (small_disk / "filler").open("ab", buffering=0) as file:
            try:
                while file.write(bytes(1 << 20)):
                    pass
            except OSError:
                return

    with pytest.raises(BackupError, match="No room for the backup"):
        create_backup(engine, access, catalogue, on_bytes=fill_disk)
    assert [path.suffix for path in catalogue.folder.iterdir()] == [".json"]
    [failed] = catalogue.list()
    assert failed.manifest.status == "failed"
    assert dump_processes(access) == []


@pytest.mark.fault("disk full")
def test_a_disk_that_is_full_at_the_last_bytes_fails_the_backup(
    engine: Engine, access: DatabaseAccess, small_disk: Path
) -> None:
    run(access, "DELETE FROM pictures")
    run(access, "DELETE FROM remotes")
    catalogue = Catalogue(small_disk / "backups")
    filler = once(lambda: fill_up(small_disk / "filler"))
    with pytest.raises(BackupError, match="No room for the backup"):
        create_backup(engine, access, catalogue, on_bytes=filler)
    [failed] = catalogue.list()
    assert failed.manifest.status == "failed"


def fill_up(path: Path) -> None:
    with path.open("ab", buffering=0) as file:
        for size in (1 << 20, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue


@pytest.mark.fault("disk full")
def test_too_little_room_is_reported_before_the_dump(
    engine: Engine, access: DatabaseAccess, small_disk: Path
) -> None:
    (small_disk / "filler").write_bytes(bytes(80 << 20))
    catalogue = Catalogue(small_disk / "backups")
    seen: list[int] = []
    with pytest.raises(BackupError, match="No room for the backup"):
        create_backup(engine, access, catalogue, on_bytes=seen.append)
    assert seen == []
    assert_failed(catalogue, "No room")
