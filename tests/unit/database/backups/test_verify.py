"""Verifying a backup: damage is recorded; a failure to read the disk is not recorded as damage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.on_disk.manifest import Objects, TableRows
from cosmicdeploy.database.restore import verify
from cosmicdeploy.database.restore.verify import (
    RestoreTest,
    Verification,
    verify_and_record,
    verify_restore_and_record,
)
from cosmicdeploy.errors import BackupError, BackupUnreadable
from tests.unit.database.backups.entries import good

pytestmark = pytest.mark.unit

ID = "20260301-120000-aaaa"
FAILS_TO_READ = "/proc/self/mem"  # can be opened, but reading its first page fails: EIO


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


def test_only_checksums_that_the_manifest_lacks_are_recorded(
    catalogue: Catalogue, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = {
        "counted": TableRows(before=1, after=1),
        "summed": TableRows(before=1, after=1, checksum="crc32-sum:1"),
    }
    manifest = backup.manifest.updated(objects=Objects(tables=tables))
    loaded = Verification(
        backup_id=ID, checksums={"counted": "crc32-sum:2", "summed": "crc32-sum:1"}
    )
    monkeypatch.setattr(verify, "verify_restore", lambda *_: loaded)
    server: Any = None
    described = replace(backup, manifest=manifest)
    how = RestoreTest(data=True)
    verify_restore_and_record(server, server, catalogue, described, how=how)
    assert catalogue.get(ID).state.checksums == {"counted": "crc32-sum:2"}
    # The first record stays unchanged, since every later restore is compared with this record.
    loaded = replace(loaded, checksums={"counted": "crc32-sum:3"})
    verify_restore_and_record(server, server, catalogue, described, how=how)
    assert catalogue.get(ID).state.checksums == {"counted": "crc32-sum:2"}
