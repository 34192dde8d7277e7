"""The catalogue: listing backups, finding them by id, and their state."""

import time
from pathlib import Path

import pytest

from cosmicdeploy.database.backups.catalogue import Catalogue, new_id
from cosmicdeploy.database.backups.on_disk.manifest import now
from cosmicdeploy.database.backups.on_disk.state import Pin, VerificationRecord
from cosmicdeploy.errors import BackupError, BackupUnreadable, ExitCode, UnknownBackup
from tests.unit.database.backups.entries import good, manifest

pytestmark = pytest.mark.unit

OLDER, NEWER, NEWEST = "20260202-010203-aaaa", "20260202-010204-0000", "20260203-000000-ffff"


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "data-kiosk" / "backups")


def test_ids_sort_by_time_and_are_unique() -> None:
    ids = []
    for _ in range(200):
        ids.append(new_id())
        time.sleep(0.0001)
    assert ids == sorted(set(ids))
    assert all(len(i) == 20 and i[8] == i[15] == "-" for i in ids)


def test_an_empty_catalogue_has_no_backups(catalogue: Catalogue) -> None:
    assert catalogue.list() == []
    with pytest.raises(BackupError, match="no usable backup"):
        catalogue.get("latest")


def test_backups_are_listed_newest_first_and_latest_is_the_newest_good_one(
    catalogue: Catalogue,
) -> None:
    good(catalogue, OLDER)
    good(catalogue, NEWER)
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
    good(catalogue, OLDER)
    with pytest.raises(UnknownBackup, match="There is no backup") as caught:
        catalogue.get(reference)
    assert OLDER in caught.value.details[0]
    assert (caught.value.todo, caught.value.exit_code) == (todo, ExitCode.USAGE)


def test_other_files_in_the_folder_are_ignored(catalogue: Catalogue) -> None:
    good(catalogue, OLDER)
    (catalogue.folder / "notes.json").write_text("mine")
    assert [backup.id for backup in catalogue.list()] == [OLDER]


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """The test uses a file in place of the folder, because root may read any folder."""
    (tmp_path / "backups").write_text("")
    for read in (Catalogue.list, lambda catalogue: catalogue.get("latest")):
        with pytest.raises(BackupUnreadable, match="backup folder cannot be read") as caught:
            read(Catalogue(tmp_path / "backups"))
        assert caught.value.where == str(tmp_path / "backups") and caught.value.todo


@pytest.mark.parametrize("text", ["", "{", '{"id": 7}', "\udcff"])
def test_one_damaged_manifest_does_not_hide_the_others(catalogue: Catalogue, text: str) -> None:
    good(catalogue, OLDER)
    good(catalogue, NEWER)
    (catalogue.folder / f"{NEWER}.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    damaged, intact = catalogue.list()
    assert (damaged.id, damaged.status, damaged.is_good) == (NEWER, "damaged", False)
    assert damaged.why
    assert intact.is_usable
    assert catalogue.get("latest").id == OLDER
    with pytest.raises(BackupError):
        catalogue.get(NEWER)


def test_a_manifest_under_another_name_is_damaged(catalogue: Catalogue) -> None:
    path = good(catalogue, OLDER).data.with_name(f"{OLDER}.json")
    path.with_name(f"{NEWER}.json").write_text(path.read_text())
    assert [backup.status for backup in catalogue.list()] == ["damaged", "good"]


def test_a_damaged_state_is_reported(catalogue: Catalogue) -> None:
    good(catalogue, OLDER)
    (catalogue.folder / f"{OLDER}.state.json").write_text("{")
    [damaged] = catalogue.list()
    assert damaged.status == "damaged"
    assert "state" in damaged.why


def test_a_state_that_cannot_be_opened_is_not_said_to_be_damaged(catalogue: Catalogue) -> None:
    """The pin and the copies in it are intact, so removing it would lose them."""
    good(catalogue, OLDER)
    (catalogue.folder / f"{OLDER}.state.json").mkdir()
    [backup] = catalogue.list()
    assert not backup.is_usable
    assert "cannot be read" in backup.why and "remove" not in backup.why


def test_a_backup_without_its_data_is_not_good(catalogue: Catalogue) -> None:
    good(catalogue, OLDER).data.unlink()
    [backup] = catalogue.list()
    assert (backup.status, backup.why) == ("failed", "its data file is gone")


def test_the_state_of_a_backup_is_stored_next_to_its_manifest(catalogue: Catalogue) -> None:
    manifest_path = good(catalogue, OLDER).data.with_name(f"{OLDER}.json")
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
    good(catalogue, OLDER)
    good(catalogue, NEWER)
    proof = VerificationRecord(at=now(), reason="a byte differs")
    catalogue.update_state(NEWER, lambda state: state.updated(read=proof))
    assert catalogue.get("latest").id == OLDER
    assert catalogue.get(NEWER).is_good  # it can still be verified again by id
