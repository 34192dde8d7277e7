"""The backup folder, and what a writer that dies leaves in it."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

import pytest

from cosmicdeploy.database.backups import partial_backup as draft
from cosmicdeploy.database.backups.catalogue import Catalogue, new_id
from cosmicdeploy.database.backups.manifest import Manifest, now
from cosmicdeploy.database.backups.partial_backup import PartialBackup
from cosmicdeploy.database.backups.state import Pin, VerificationRecord
from cosmicdeploy.errors import BackupError, BackupUnreadable, ExitCode, UnknownBackup
from cosmicdeploy.files.atomic import lock_file

pytestmark = pytest.mark.unit

OLDER, NEWER, NEWEST = "20260202-010203-aaaa", "20260202-010204-0000", "20260203-000000-ffff"

WRITER = """
import sys, time
from pathlib import Path
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.manifest import parse_manifest
draft = Catalogue(Path(sys.argv[1])).begin(parse_manifest(sys.stdin.read(), "stdin"))
draft.file.write(b"half a dump")
draft.file.flush()
print("begun", flush=True)
time.sleep(60)
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "data-kiosk" / "backups")


def manifest(backup_id: str) -> Manifest:
    return Manifest(
        id=backup_id,
        created_at=now(),
        database="platform",
        server_vendor="MariaDB",
        server_version="10.11.19-MariaDB",
    )


def finished(catalogue: Catalogue, backup_id: str) -> PartialBackup:
    draft = catalogue.begin(manifest(backup_id))
    draft.file.write(b"data")
    draft.finish(draft.manifest.updated(status="good"))
    return draft


def names(catalogue: Catalogue) -> list[str]:
    return sorted(path.name for path in catalogue.folder.iterdir())


def test_ids_sort_by_time_and_are_unique() -> None:
    ids = []
    for _ in range(200):
        ids.append(new_id())
        time.sleep(0.0001)
    assert ids == sorted(set(ids))
    assert all(len(i) == 20 and i[8] == i[15] == "-" for i in ids)


def test_an_empty_catalogue_has_no_backups(catalogue: Catalogue) -> None:
    assert catalogue.list() == []
    with pytest.raises(BackupError, match="no good backup"):
        catalogue.get("latest")


def test_backups_are_listed_newest_first_and_latest_is_the_newest_good_one(
    catalogue: Catalogue,
) -> None:
    finished(catalogue, OLDER)
    finished(catalogue, NEWER)
    catalogue.begin(manifest(NEWEST)).fail("no room", 1.5)
    assert [backup.id for backup in catalogue.list()] == [NEWEST, NEWER, OLDER]
    assert catalogue.get("latest").id == NEWER
    failed = catalogue.get(NEWEST).manifest
    assert (failed.status, failed.reason, failed.seconds) == ("failed", "no room", 1.5)


@pytest.mark.parametrize(
    ("reference", "todo"),
    [
        ("20260202-999999-dead", "name one of these"),
        ("../../etc/passwd", "name one of these"),
        ("", "name one of these"),
        ("*", "name one of these"),
        ("latst", "did you mean 'latest'?"),
        (OLDER[:-1], f"did you mean '{OLDER}'?"),
    ],
)
def test_an_unknown_id_lists_the_candidates(
    catalogue: Catalogue, reference: str, todo: str
) -> None:
    finished(catalogue, OLDER)
    with pytest.raises(UnknownBackup, match="There is no backup") as caught:
        catalogue.get(reference)
    assert OLDER in caught.value.details[0]
    assert (caught.value.todo, caught.value.exit_code) == (todo, ExitCode.USAGE)


def test_files_are_private(catalogue: Catalogue) -> None:
    draft = finished(catalogue, OLDER)
    assert catalogue.folder.stat().st_mode & 0o777 == 0o700
    assert draft.data.stat().st_mode & 0o777 == 0o600
    assert draft.data.with_name(f"{OLDER}.json").stat().st_mode & 0o777 == 0o600
    assert names(catalogue) == [f"{OLDER}.json", f"{OLDER}.sql.zst"]


def test_the_manifest_exists_before_the_data_and_the_data_only_once_complete(
    catalogue: Catalogue,
) -> None:
    draft = catalogue.begin(manifest(OLDER))
    assert catalogue.get(OLDER).manifest.status == "running"
    assert not draft.data.exists()
    draft.fail("stopped", 0)
    assert names(catalogue) == [f"{OLDER}.json"]


def test_a_writer_that_dies_leaves_a_failed_backup(catalogue: Catalogue) -> None:
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
    dead = catalogue.get(OLDER).manifest
    assert dead.status == "failed"
    assert "interrupted" in dead.reason

    finished(catalogue, NEWER)
    assert f"{OLDER}.sql.zst.partial" not in names(catalogue)
    assert catalogue.get("latest").id == NEWER


def test_the_file_of_a_running_writer_is_left_alone(catalogue: Catalogue) -> None:
    draft = catalogue.begin(manifest(OLDER))
    finished(catalogue, NEWER)
    assert draft.partial.exists()
    draft.finish(draft.manifest.updated(status="good"))


def test_a_backup_is_started_under_the_lock_of_the_search_for_leftovers(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between creation and lock, its file looks like a leftover of a dead writer."""
    held = []

    def watched(file: BinaryIO) -> None:
        folder = os.open(catalogue.folder, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(folder)
        held.append(file)
        lock_file(file)

    monkeypatch.setattr(draft, "lock_file", watched)
    catalogue.begin(manifest(NEWER)).fail("stopped", 0)
    assert held


def test_other_files_in_the_folder_are_ignored(catalogue: Catalogue) -> None:
    finished(catalogue, OLDER)
    (catalogue.folder / "notes.json").write_text("mine")
    assert [backup.id for backup in catalogue.list()] == [OLDER]


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupError, match="cannot be used"):
        Catalogue(tmp_path / "file" / "backups").begin(manifest(OLDER))


def test_a_folder_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    """Root may read any folder, so the test uses a file instead of a folder."""
    (tmp_path / "backups").write_text("")
    for look in (Catalogue.list, lambda catalogue: catalogue.get("latest")):
        with pytest.raises(BackupUnreadable, match="backup folder cannot be read") as caught:
            look(Catalogue(tmp_path / "backups"))
        assert caught.value.where == str(tmp_path / "backups") and caught.value.todo


@pytest.mark.parametrize("text", ["", "{", '{"id": 7}', "\udcff"])
def test_one_damaged_manifest_does_not_hide_the_others(catalogue: Catalogue, text: str) -> None:
    finished(catalogue, OLDER)
    finished(catalogue, NEWER)
    (catalogue.folder / f"{NEWER}.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    damaged, fine = catalogue.list()
    assert (damaged.id, damaged.status, damaged.is_good) == (NEWER, "damaged", False)
    assert damaged.why
    assert fine.is_usable
    assert catalogue.get("latest").id == OLDER
    with pytest.raises(BackupError):
        catalogue.get(NEWER)


def test_a_manifest_under_another_name_is_damaged(catalogue: Catalogue) -> None:
    path = finished(catalogue, OLDER).data.with_name(f"{OLDER}.json")
    path.with_name(f"{NEWER}.json").write_text(path.read_text())
    assert [backup.status for backup in catalogue.list()] == ["damaged", "good"]


def test_a_damaged_state_is_reported(catalogue: Catalogue) -> None:
    finished(catalogue, OLDER)
    (catalogue.folder / f"{OLDER}.state.json").write_text("{")
    [damaged] = catalogue.list()
    assert damaged.status == "damaged"
    assert "state" in damaged.why


def test_a_backup_without_its_data_is_not_good(catalogue: Catalogue) -> None:
    finished(catalogue, OLDER).data.unlink()
    [gone] = catalogue.list()
    assert (gone.status, gone.why) == ("failed", "its data file is gone")


def test_the_state_of_a_backup_is_stored_next_to_its_manifest(catalogue: Catalogue) -> None:
    manifest_path = finished(catalogue, OLDER).data.with_name(f"{OLDER}.json")
    before = manifest_path.read_bytes()
    catalogue.update_state(OLDER, lambda state: state.updated(pin=Pin(at=now(), reason="audit")))
    catalogue.update_state(
        OLDER, lambda state: state.updated(restored=VerificationRecord(at=now()))
    )
    state = catalogue.get(OLDER).state
    assert state.pin and state.pin.reason == "audit"
    assert state.restored and state.restored.passed
    assert manifest_path.read_bytes() == before
    assert manifest_path.with_suffix(".state.json").stat().st_mode & 0o777 == 0o600


def test_latest_skips_a_backup_found_damaged(catalogue: Catalogue) -> None:
    finished(catalogue, OLDER)
    finished(catalogue, NEWER)
    proof = VerificationRecord(at=now(), reason="a byte differs")
    catalogue.update_state(NEWER, lambda state: state.updated(read=proof))
    assert catalogue.get("latest").id == OLDER
    assert catalogue.get(NEWER).is_good  # so that it can be verified again
