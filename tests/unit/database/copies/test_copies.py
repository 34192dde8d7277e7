"""Copies of backups to a folder and to fsspec's store in memory, and fetching them back."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.copies.copies import Copies
from cosmicdeploy.database.copies.destination import Destination
from cosmicdeploy.database.copies.store import Store
from cosmicdeploy.errors import BackupError
from tests.unit.database.backups.entries import DATA, good

pytestmark = pytest.mark.unit

ID, OLDER = "20260301-120000-aaaa", "20260201-120000-bbbb"


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "backups")


@pytest.fixture(params=["folder", "nas", "memory"])
def destination(request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    urls = {"folder": "off/site", "nas": str(tmp_path / "nas"), "memory": f"memory://{tmp_path}"}
    return Destination(url=urls[request.param])


def copies_of(catalogue: Catalogue, *destinations: Destination) -> Copies:
    return Copies(catalogue, destinations, catalogue.folder.parent)


def lose(backup: Backup) -> None:
    """Delete the local files of a backup."""
    for path in backup.data.parent.glob(f"{backup.id}.*"):
        path.unlink()


def test_a_backup_is_copied_and_fetched_back(
    catalogue: Catalogue, destination: Destination
) -> None:
    backup, copier = good(catalogue, ID), copies_of(catalogue, destination)
    copied = copier.copy(backup, destination)
    assert (copied.url, copied.error) == (destination.name, "")
    assert catalogue.get(ID).state.copies == (copied,)
    assert Store(destination, catalogue.folder.parent).names() == [f"{ID}.json", f"{ID}.sql.zst"]

    lose(backup)
    fetched = copier.fetch("latest")
    assert fetched.manifest == backup.manifest
    assert fetched.data.read_bytes() == DATA
    assert fetched.state.copy_urls == [destination.name]
    with pytest.raises(BackupError, match="already in the catalogue"):
        copier.fetch(ID)


def test_a_copy_is_removed(catalogue: Catalogue, destination: Destination) -> None:
    backup, copier = good(catalogue, ID), copies_of(catalogue, destination)
    copier.copy(backup, destination)
    copied = catalogue.get(ID)
    copier.remove(copied)
    assert Store(destination, catalogue.folder.parent).names() == []
    assert catalogue.get(ID).state.copies == ()
    copier.remove(copied)  # as after a kill before the removal was recorded


def test_local_copies_are_private(catalogue: Catalogue, tmp_path: Path) -> None:
    destination = Destination(url="off")
    copies_of(catalogue, destination).copy(good(catalogue, ID), destination)
    assert (tmp_path / "off").stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "off").iterdir()} == {0o600}


def test_data_that_changes_in_transit_is_not_a_copy(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = Destination(url="memory://damaged")
    memory = type(fsspec.filesystem("memory"))
    put = memory.put_file

    def put_and_damage(self: object, local: str, remote: str, **options: object) -> None:
        put(self, local, remote, **options)
        if "zst" in remote:
            self.pipe_file(remote, DATA[:-1] + b"x")  # type: ignore[attr-defined]

    monkeypatch.setattr(memory, "put_file", put_and_damage)
    copied = copies_of(catalogue, destination).copy(good(catalogue, ID), destination)
    assert "differs from its manifest" in copied.error
    assert catalogue.get(ID).state.copy_urls == []
    assert Store(destination, Path()).names() == []


def test_a_killed_copy_is_recorded_and_removed(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(_store: Store, path: str) -> None:
        raise Killed

    destination = Destination(url="off")
    backup, copier = good(catalogue, ID), copies_of(catalogue, destination)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Store, "_sync", kill)
        copier.copy(backup, destination)
    interrupted = catalogue.get(ID)
    assert interrupted.state.copy_urls == []
    assert "ended before" in interrupted.state.copies[0].error
    assert [path.name for path in (tmp_path / "off").iterdir()] == [f"{ID}.sql.zst.partial"]
    copier.remove(interrupted)
    assert list((tmp_path / "off").iterdir()) == []
