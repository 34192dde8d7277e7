"""Writing a backup: private files, leftovers of killed writers, and folders that cannot be used."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.on_disk import partial_backup
from cosmicdeploy.errors import BackupError
from cosmicdeploy.files.atomic import lock_file
from tests.unit.database.backups.entries import good, manifest

pytestmark = pytest.mark.unit

OLDER, NEWER, NEWEST = "20260202-010203-aaaa", "20260202-010204-0000", "20260203-000000-ffff"

WRITER = """
import sys, time
from pathlib import Path
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.on_disk.manifest import parse_manifest
partial = Catalogue(Path(sys.argv[1])).begin(parse_manifest(sys.stdin.read(), "stdin"))
partial.file.write(b"half a dump")
partial.file.flush()
print("begun", flush=True)
time.sleep(60)
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "data-kiosk" / "backups")


def names(catalogue: Catalogue) -> list[str]:
    return sorted(path.name for path in catalogue.folder.iterdir())


def test_files_are_private(catalogue: Catalogue) -> None:
    backup = good(catalogue, OLDER)
    assert catalogue.folder.stat().st_mode & 0o777 == 0o700
    assert backup.data.stat().st_mode & 0o777 == 0o600
    assert backup.data.with_name(f"{OLDER}.json").stat().st_mode & 0o777 == 0o600
    assert names(catalogue) == [f"{OLDER}.json", f"{OLDER}.sql.zst"]


def test_the_manifest_exists_before_the_data_and_the_data_only_once_complete(
    catalogue: Catalogue,
) -> None:
    partial = catalogue.begin(manifest(OLDER))
    assert catalogue.get(OLDER).manifest.status == "running"
    assert not partial.data.exists()
    partial.fail("stopped", 0)
    assert names(catalogue) == [f"{OLDER}.json"]


def test_a_killed_writer_leaves_a_failed_backup(catalogue: Catalogue) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(catalogue.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert writer.stdin and writer.stdout
        writer.stdin.write(manifest(OLDER).to_json())
        writer.stdin.close()
        assert writer.stdout.readline() == "begun\n"
        assert catalogue.get(OLDER).manifest.status == "running"
    finally:
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
    interrupted = catalogue.get(OLDER).manifest
    assert interrupted.status == "failed"
    assert "interrupted" in interrupted.reason

    good(catalogue, NEWER)
    assert f"{OLDER}.sql.zst.partial" not in names(catalogue)
    assert catalogue.get("latest").id == NEWER


def test_the_file_of_a_running_writer_is_not_removed(catalogue: Catalogue) -> None:
    partial = catalogue.begin(manifest(OLDER))
    good(catalogue, NEWER)
    assert partial.partial.exists()
    partial.finish(partial.manifest.updated(status="good"))


def test_a_backup_begins_under_the_lock_that_the_search_for_leftovers_takes(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its file is locked, it looks like the leftover of a killed writer."""
    checked = []

    def check_lock(file: BinaryIO) -> None:
        folder = os.open(catalogue.folder, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(folder)
        checked.append(file)
        lock_file(file)

    monkeypatch.setattr(partial_backup, "lock_file", check_lock)
    catalogue.begin(manifest(NEWER)).fail("stopped", 0)
    assert checked


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupError, match="cannot be used"):
        Catalogue(tmp_path / "file" / "backups").begin(manifest(OLDER))
