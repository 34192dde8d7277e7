"""Copies of backups to a folder and to fsspec's store in memory, and fetching them back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.manifest import now
from cosmicdeploy.database.backups.removal import finish_removal, pending_removals, start_removal
from cosmicdeploy.database.backups.state import VerificationRecord
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
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Destination:
    urls = {"folder": "off/site", "nas": str(tmp_path / "nas"), "memory": f"memory://{tmp_path}"}
    return Destination(url=urls[request.param])


def copies(catalogue: Catalogue, *places: Destination) -> Copies:
    return Copies(catalogue, places, catalogue.folder.parent)


def lose(backup: Backup) -> None:
    for path in backup.data.parent.glob(f"{backup.id}.*"):
        path.unlink()


def test_a_backup_is_copied_and_fetched_back(catalogue: Catalogue, place: Destination) -> None:
    backup, both = good(catalogue, ID), copies(catalogue, place)
    copied = both.copy(backup, place)
    assert (copied.url, copied.error) == (place.name, "")
    assert catalogue.get(ID).state.copies == (copied,)
    assert Store(place, catalogue.folder.parent).names() == [f"{ID}.json", f"{ID}.sql.zst"]

    lose(backup)
    fetched = both.fetch("latest")
    assert fetched.manifest == backup.manifest
    assert fetched.data.read_bytes() == DATA
    assert fetched.state.copy_urls == [place.name]
    with pytest.raises(BackupError, match="already in the catalogue"):
        both.fetch(ID)


def test_a_copy_is_removed(catalogue: Catalogue, place: Destination) -> None:
    backup, both = good(catalogue, ID), copies(catalogue, place)
    both.copy(backup, place)
    copied = catalogue.get(ID)
    both.remove(copied)
    assert Store(place, catalogue.folder.parent).names() == []
    assert catalogue.get(ID).state.copies == ()
    both.remove(copied)  # a kill may have come before it was recorded


def test_local_copies_are_private(catalogue: Catalogue, tmp_path: Path) -> None:
    place = Destination(url="off")
    copies(catalogue, place).copy(good(catalogue, ID), place)
    assert (tmp_path / "off").stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "off").iterdir()} == {0o600}


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(DATA[:-1]),
        lambda path: path.write_bytes(DATA[:-1] + b"x"),
        lambda path: path.unlink(),
    ],
)
def test_a_damaged_copy_is_refused(
    catalogue: Catalogue, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    place = Destination(url=str(tmp_path / "nas"))
    backup, both = good(catalogue, ID), copies(catalogue, place)
    both.copy(backup, place)
    lose(backup)
    damage(tmp_path / "nas" / backup.data.name)
    with pytest.raises(BackupError):
        both.fetch(ID)
    [left] = catalogue.list()
    assert left.status == "failed"
    assert "fetching it failed" in left.why
    assert not left.data.exists()


@pytest.mark.parametrize("reference", [ID, "latest"])
def test_the_next_destination_is_tried_if_one_fails(
    catalogue: Catalogue, tmp_path: Path, reference: str
) -> None:
    places = [Destination(url="nonsense://x"), Destination(url="one"), Destination(url="two")]
    backup, several = good(catalogue, ID), copies(catalogue, *places)
    for place in places:
        several.copy(backup, place)
    lose(backup)
    (tmp_path / "one" / backup.data.name).write_bytes(b"rotten")
    told: list[str] = []
    assert several.fetch(reference, warn=told.append).state.copy_urls == ["two"]
    assert [line.partition(":")[0] for line in told] == ["nonsense", "one"]


def test_latest_is_the_newest_copy_of_all_destinations(catalogue: Catalogue) -> None:
    one, two = Destination(url="one"), Destination(url="two")
    both = copies(catalogue, one, two)
    both.copy(good(catalogue, OLDER), one)
    both.copy(good(catalogue, ID), two)
    for backup in catalogue.list():
        lose(backup)
    assert both.fetch("latest").id == ID


def test_every_destination_that_failed_is_reported(catalogue: Catalogue, tmp_path: Path) -> None:
    one, two = Destination(url="one"), Destination(url="two")
    backup, both = good(catalogue, ID), copies(catalogue, one, two)
    for place in (one, two):
        both.copy(backup, place)
        (tmp_path / place.url / backup.data.name).write_bytes(b"rotten")
    lose(backup)
    with pytest.raises(BackupError, match="No destination has an intact copy") as caught:
        both.fetch(ID)
    assert [line.partition(":")[0] for line in caught.value.details] == ["one", "two"]


def test_data_that_changes_in_transit_is_not_a_copy(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Destination(url="memory://flips")
    memory = type(fsspec.filesystem("memory"))
    put = memory.put_file

    def flip(self: object, local: str, remote: str, **options: object) -> None:
        put(self, local, remote, **options)
        if "zst" in remote:
            self.pipe_file(remote, DATA[:-1] + b"x")  # type: ignore[attr-defined]

    monkeypatch.setattr(memory, "put_file", flip)
    copied = copies(catalogue, place).copy(good(catalogue, ID), place)
    assert "differs from its manifest" in copied.error
    assert catalogue.get(ID).state.copy_urls == []
    assert Store(place, Path()).names() == []


def test_a_killed_copy_is_recorded_and_removed(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(_store: Store, path: str) -> None:
        raise Killed

    place = Destination(url="off")
    backup, both = good(catalogue, ID), copies(catalogue, place)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Store, "_sync", kill)
        both.copy(backup, place)
    left = catalogue.get(ID)
    assert left.state.copy_urls == []
    assert "ended before" in left.state.copies[0].error
    assert [path.name for path in (tmp_path / "off").iterdir()] == [f"{ID}.sql.zst.partial"]
    both.remove(left)
    assert list((tmp_path / "off").iterdir()) == []


def test_data_without_a_manifest_is_not_a_copy(catalogue: Catalogue, tmp_path: Path) -> None:
    place = Destination(url=str(tmp_path / "nas"))
    both = copies(catalogue, place)
    both.copy(good(catalogue, OLDER), place)
    both.copy(good(catalogue, ID), place)
    (tmp_path / "nas" / f"{ID}.json").unlink()
    with pytest.raises(BackupError) as caught:
        both.fetch(ID)
    assert caught.value.details == (f"{OLDER}  {place.name}",)


def test_a_backup_found_damaged_is_replaced_by_its_copy(catalogue: Catalogue) -> None:
    place = Destination(url="off")
    backup, both = good(catalogue, ID), copies(catalogue, place)
    both.copy(backup, place)
    backup.data.write_bytes(b"rotten")
    proof = VerificationRecord(at=now(), reason="differs")
    catalogue.update_state(ID, lambda state: state.updated(read=proof))
    assert not catalogue.get(ID).is_usable
    assert both.fetch(ID).is_usable
    assert backup.data.read_bytes() == DATA


def test_the_existing_backup_stays_if_fetching_it_again_fails(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    place = Destination(url=str(tmp_path / "nas"))
    backup, both = good(catalogue, ID), copies(catalogue, place)
    both.copy(backup, place)
    backup.data.write_bytes(b"rotten, but perhaps not all of it")
    proof = VerificationRecord(at=now(), reason="differs")
    catalogue.update_state(ID, lambda state: state.updated(read=proof))
    before = {path.name: path.read_bytes() for path in catalogue.folder.iterdir()}
    (tmp_path / "nas" / backup.data.name).write_bytes(b"rotten, too")
    with pytest.raises(BackupError):
        both.fetch(ID)
    assert {path.name: path.read_bytes() for path in catalogue.folder.iterdir()} == before


def test_a_backup_that_is_being_fetched_is_not_fetched_twice(catalogue: Catalogue) -> None:
    place = Destination(url="off")
    backup, both = good(catalogue, ID), copies(catalogue, place)
    both.copy(backup, place)
    proof = VerificationRecord(at=now(), reason="differs")
    catalogue.update_state(ID, lambda state: state.updated(read=proof))
    draft = catalogue.begin(backup.manifest)
    with pytest.raises(BackupError, match="already in the catalogue"):
        both.fetch(ID)
    with pytest.raises(BackupError, match="File exists"):
        catalogue.begin(backup.manifest)
    assert draft.partial.exists()
    draft.fail("stopped", 0)


def test_a_backup_that_is_being_removed_is_not_fetched(catalogue: Catalogue) -> None:
    place = Destination(url="off")
    backup, both = good(catalogue, ID), copies(catalogue, place)
    both.copy(backup, place)
    assert start_removal(catalogue, backup)
    with pytest.raises(BackupError, match="being removed"):
        both.fetch(ID)
    assert pending_removals(catalogue)[0].state.copy_urls == [place.name]
    finish_removal(catalogue, ID)
    assert both.fetch(ID).is_usable


def test_a_destination_that_fails_is_recorded_without_its_secrets(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    (tmp_path / "s3cr3t").write_text("a file, no folder")
    place = Destination(
        url=str(tmp_path / "s3cr3t" / "x"), options={"auto_mkdir": False, "k": "s3cr3t"}
    )
    copied = copies(catalogue, place).copy(good(catalogue, ID), place)
    assert "cannot be written" in copied.error
    assert "s3cr3t" not in copied.error.split(" (")[0]
    assert "s3cr3t" not in repr(place)


@pytest.mark.parametrize(
    "url",
    [
        "sftp://me:pa55word@host/folder/",
        "sftp://me:x@pa55word@host/folder",
        "sftp://me:x/pa55word@host/folder",
        "sftp://me:x:/@pa55word?@host/folder",
        "sftp://me@home:x/pa55word@host/folder",
        "sftp://pa55word@host/folder",
        "sftp://host/folder?sig=pa55word",
        "sftp://host/folder#pa55word",
        "sftp://me:pa55%77ord@host/folder",
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str) -> None:
    place = Destination(url=url)
    assert place.name == "sftp://host/folder"
    assert "pa55" not in repr(place)
    for text in (url, f"cannot open '{url}' (403)", f"b'{url}': refused"):
        assert "pa55" not in place.describe(OSError(text))


def test_a_password_in_a_url_is_shown_nowhere() -> None:
    place = Destination(url="sftp://me:pa55%77ord@host/folder")
    told = place.describe(OSError("no such key: pa55word, pa55%77ord; see http://x/y?z=1 (or not)"))
    assert told == "OSError: no such key: ***, ***; see http://x/y (or not)"


@pytest.mark.parametrize("url", ["s3://bucket/a@b", "/mnt/a@b?c", "sftp://host:2222/folder"])
def test_a_url_without_a_secret_is_shown_unchanged(url: str) -> None:
    assert Destination(url=url).name == url
    assert not Destination(url=url).has_password


@pytest.mark.parametrize(
    ("url", "told"),
    [("s3://bucket/x", "cosmicdeploy[s3]"), ("nonsense://x", "nonsense")],
)
def test_a_missing_package_or_protocol_is_reported(
    catalogue: Catalogue, url: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)  # also where it is installed
    place = Destination(url=url)
    assert told in copies(catalogue, place).copy(good(catalogue, ID), place).error
