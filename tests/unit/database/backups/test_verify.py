"""Verifying a backup: damage is recorded, a failure to read the disk is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.restore.verify import verify_and_record
from cosmicdeploy.errors import BackupError, BackupUnreadable
from tests.unit.database.backups.entries import good

pytestmark = pytest.mark.unit

ID = "20260301-120000-aaaa"
FAILS_TO_READ = "/proc/self/mem"  # opens, but its first page cannot be read: EIO


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "backups")


@pytest.fixture
def backup(catalogue: Catalogue) -> Backup:
    return good(catalogue, ID)


def test_a_disk_error_is_not_recorded_as_damage(catalogue: Catalogue, backup: Backup) -> None:
    backup.data.unlink()
    backup.data.symlink_to(FAILS_TO_READ)
    with pytest.raises(BackupUnreadable, match="Input/output error"):
        verify_and_record(catalogue, backup)
    assert catalogue.get(ID).state.read is None
    assert catalogue.get(ID).is_usable


def test_changed_content_is_damage(catalogue: Catalogue, backup: Backup) -> None:
    backup.data.write_bytes(b"damaged")
    assert not verify_and_record(catalogue, backup).passed
    assert "SHA-256 differs" in catalogue.get(ID).why


def test_a_file_that_cannot_be_opened_is_not_reported_as_in_use(
    catalogue: Catalogue, backup: Backup
) -> None:
    backup.data.unlink()
    backup.data.symlink_to(backup.data.name)
    with pytest.raises(BackupUnreadable, match="Too many levels"), catalogue.in_use(backup):
        pass


def test_a_manifest_that_cannot_be_read_raises_a_backup_error(
    catalogue: Catalogue, backup: Backup
) -> None:
    path = backup.data.with_name(f"{ID}.json")
    path.unlink()
    path.symlink_to(FAILS_TO_READ)
    with pytest.raises(BackupError, match="Input/output error"):
        catalogue.get(ID)
