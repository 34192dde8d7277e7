"""Removing a backup: after a kill, and while the backup is read or written."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.database.backups import removal
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.on_disk.manifest import now
from cosmicdeploy.database.backups.on_disk.state import CopyRecord, Pin
from cosmicdeploy.database.backups.removal import finish_removal, pending_removals, start_removal
from cosmicdeploy.errors import BackupError
from tests.unit.database.backups.entries import good, manifest

pytestmark = pytest.mark.unit

ID, OTHER = "20260301-120000-aaaa", "20260201-120000-bbbb"


class Killed(BaseException):
    """Stands for a kill: no code catches it."""


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "backups")


def names(catalogue: Catalogue) -> set[str]:
    return {path.name for path in catalogue.folder.iterdir()}


def test_a_removal_leaves_no_file(catalogue: Catalogue) -> None:
    backup = good(catalogue, ID)
    catalogue.update_state(ID, lambda state: state.with_copy(CopyRecord(url="/nas", at=now())))
    good(catalogue, OTHER)
    assert start_removal(catalogue, backup)
    assert [b.id for b in catalogue.list()] == [OTHER]
    assert [b.state.copy_urls for b in pending_removals(catalogue)] == [["/nas"]]
    finish_removal(catalogue, ID)
    assert names(catalogue) == {f"{OTHER}.json", f"{OTHER}.sql.zst"}


@pytest.mark.parametrize("step", ["sync_folder", "_remove_data"])
def test_a_killed_removal_leaves_no_usable_backup_and_is_finished_later(
    catalogue: Catalogue, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object) -> None:
        raise Killed

    backup = good(catalogue, ID)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(removal, step, kill)
        start_removal(catalogue, backup)
    assert catalogue.list() == []
    assert [b.id for b in pending_removals(catalogue)] == [ID]
    finish_removal(catalogue, ID)
    assert names(catalogue) == set()


def test_a_backup_that_is_being_read_is_not_removed(catalogue: Catalogue) -> None:
    backup = good(catalogue, ID)
    with catalogue.in_use(backup), catalogue.in_use(backup):
        assert not start_removal(catalogue, backup)
        assert catalogue.get(ID).is_usable
    assert start_removal(catalogue, backup)


def test_a_backup_pinned_after_the_plan_is_not_removed(catalogue: Catalogue) -> None:
    planned = good(catalogue, ID)
    catalogue.update_state(ID, lambda state: state.updated(pin=Pin(at=now(), reason="audit")))
    assert not start_removal(catalogue, planned)
    assert catalogue.get(ID).is_usable


def test_a_backup_that_is_being_written_is_not_removed(catalogue: Catalogue) -> None:
    partial = catalogue.begin(manifest(ID))
    assert not start_removal(catalogue, catalogue.get(ID))
    partial.finish(partial.manifest.updated(status="good"))
    assert catalogue.get(ID).is_usable


def test_a_backup_that_is_being_made_is_not_read(catalogue: Catalogue) -> None:
    partial = catalogue.begin(manifest(ID))
    partial.partial.rename(partial.data)
    with pytest.raises(BackupError, match="being made"), catalogue.in_use(catalogue.get(ID)):
        pass
    partial.file.close()


def test_a_failed_backup_without_data_is_removed(catalogue: Catalogue) -> None:
    catalogue.begin(manifest(ID)).fail("no room", 0)
    assert start_removal(catalogue, catalogue.get(ID))
    finish_removal(catalogue, ID)
    assert names(catalogue) == set()
