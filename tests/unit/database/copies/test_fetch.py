"""Fetching copies: the choice of the destination, damaged copies, and existing backups."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.on_disk import partial_backup
from cosmicdeploy.database.backups.on_disk.manifest import Manifest, now
from cosmicdeploy.database.backups.on_disk.signing import SigningKey
from cosmicdeploy.database.backups.on_disk.state import VerificationRecord
from cosmicdeploy.database.backups.removal import finish_removal, pending_removals, start_removal
from cosmicdeploy.database.copies import fetch
from cosmicdeploy.database.copies.copies import Copies
from cosmicdeploy.database.copies.destination import Destination
from cosmicdeploy.database.copies.store import Store
from cosmicdeploy.errors import BackupError
from cosmicdeploy.files.bounds import RECORD_BYTES
from tests.unit.database.backups.entries import DATA, good

pytestmark = pytest.mark.unit

ID, OLDER = "20260301-120000-aaaa", "20260201-120000-bbbb"


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "backups")


def copies_of(catalogue: Catalogue, *destinations: Destination) -> Copies:
    return Copies(catalogue, destinations, catalogue.folder.parent)


def lose(backup: Backup) -> None:
    """Delete the local files of a backup."""
    for path in backup.data.parent.glob(f"{backup.id}.*"):
        path.unlink()


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
    destination = Destination(url=str(tmp_path / "nas"))
    backup, copier = good(catalogue, ID), copies_of(catalogue, destination)
    copier.copy(backup, destination)
    lose(backup)
    damage(tmp_path / "nas" / backup.data.name)
    with pytest.raises(BackupError):
        copier.fetch(ID)
    [failed] = catalogue.list()
    assert failed.status == "failed"
    assert "fetching it failed" in failed.why
    assert not failed.data.exists()


@pytest.mark.parametrize("reference", [ID, "latest"])
def test_the_next_destination_is_tried_if_one_fails(
    catalogue: Catalogue, tmp_path: Path, reference: str
) -> None:
    destinations = [Destination(url="nonsense://x"), Destination(url="one"), Destination(url="two")]
    backup, copier = good(catalogue, ID), copies_of(catalogue, *destinations)
    for destination in destinations:
        copier.copy(backup, destination)
    lose(backup)
    (tmp_path / "one" / backup.data.name).write_bytes(b"damaged")
    messages: list[str] = []
    assert copier.fetch(reference, warn=messages.append).state.copy_urls == ["two"]
    assert [line.partition(":")[0] for line in messages] == ["nonsense", "one"]


def test_latest_is_the_newest_copy_of_all_destinations(catalogue: Catalogue) -> None:
    one, two = Destination(url="one"), Destination(url="two")
    copier = copies_of(catalogue, one, two)
    copier.copy(good(catalogue, OLDER), one)
    copier.copy(good(catalogue, ID), two)
    for backup in catalogue.list():
        lose(backup)
    assert copier.fetch("latest").id == ID


def test_every_destination_that_failed_is_reported(catalogue: Catalogue, tmp_path: Path) -> None:
    one, two = Destination(url="one"), Destination(url="two")
    backup, copier = good(catalogue, ID), copies_of(catalogue, one, two)
    for destination in (one, two):
        copier.copy(backup, destination)
        (tmp_path / destination.url / backup.data.name).write_bytes(b"damaged")
    lose(backup)
    with pytest.raises(BackupError, match="No destination has an intact copy") as caught:
        copier.fetch(ID)
    assert [line.partition(":")[0] for line in caught.value.details] == ["one", "two"]


def test_latest_names_the_copies_that_are_not_usable(catalogue: Catalogue) -> None:
    destination = Destination(url="off")
    backup = good(catalogue, ID)
    copies_of(catalogue, destination).copy(backup, destination)
    lose(backup)
    strict = copies_of(keyed(catalogue, b"right"), destination)
    with pytest.raises(BackupError, match="No destination has a usable copy") as caught:
        strict.fetch("latest")
    assert caught.value.details == (f"{ID}  {destination.name}",)


def test_an_error_about_a_copied_manifest_names_its_place(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    destination = Destination(url="off")
    backup = good(catalogue, ID)
    copies_of(catalogue, destination).copy(backup, destination)
    copied = tmp_path / "off" / f"{ID}.json"
    copied.write_text(copied.read_text().replace(ID, OLDER))
    with pytest.raises(BackupError, match="belongs to another backup") as caught:
        fetch.copied_manifest(Store(destination, tmp_path), ID)
    assert caught.value.where == f"off/{ID}.json"


def test_data_without_a_manifest_is_not_a_copy(catalogue: Catalogue, tmp_path: Path) -> None:
    destination = Destination(url=str(tmp_path / "nas"))
    copier = copies_of(catalogue, destination)
    copier.copy(good(catalogue, OLDER), destination)
    copier.copy(good(catalogue, ID), destination)
    (tmp_path / "nas" / f"{ID}.json").unlink()
    with pytest.raises(BackupError) as caught:
        copier.fetch(ID)
    assert caught.value.details == (f"{OLDER}  {destination.name}",)


def test_a_backup_found_damaged_is_replaced_by_its_copy(catalogue: Catalogue) -> None:
    destination = Destination(url="off")
    backup, copier = good(catalogue, ID), copies_of(catalogue, destination)
    copier.copy(backup, destination)
    backup.data.write_bytes(b"damaged")
    proof = VerificationRecord(at=now(), reason="differs")
    catalogue.update_state(ID, lambda state: state.updated(read=proof))
    assert not catalogue.get(ID).is_usable
    assert copier.fetch(ID).is_usable
    assert backup.data.read_bytes() == DATA


def test_the_existing_backup_is_kept_if_fetching_it_again_fails(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    destination = Destination(url=str(tmp_path / "nas"))
    backup, copier = good(catalogue, ID), copies_of(catalogue, destination)
    copier.copy(backup, destination)
    backup.data.write_bytes(b"damaged, perhaps only in part")
    proof = VerificationRecord(at=now(), reason="differs")
    catalogue.update_state(ID, lambda state: state.updated(read=proof))
    before = {path.name: path.read_bytes() for path in catalogue.folder.iterdir()}
    (tmp_path / "nas" / backup.data.name).write_bytes(b"damaged too")
    with pytest.raises(BackupError):
        copier.fetch(ID)
    assert {path.name: path.read_bytes() for path in catalogue.folder.iterdir()} == before


def test_a_backup_that_is_being_fetched_is_not_fetched_twice(catalogue: Catalogue) -> None:
    destination = Destination(url="off")
    backup, copier = good(catalogue, ID), copies_of(catalogue, destination)
    copier.copy(backup, destination)
    proof = VerificationRecord(at=now(), reason="differs")
    catalogue.update_state(ID, lambda state: state.updated(read=proof))
    draft = catalogue.begin(backup.manifest)
    with pytest.raises(BackupError, match="being made or fetched"):
        copier.fetch(ID)
    with pytest.raises(BackupError, match="File exists"):
        catalogue.begin(backup.manifest)
    assert draft.partial.exists()
    draft.fail("stopped", 0)


def test_a_backup_that_is_being_removed_is_not_fetched(catalogue: Catalogue) -> None:
    destination = Destination(url="off")
    backup, copier = good(catalogue, ID), copies_of(catalogue, destination)
    copier.copy(backup, destination)
    assert start_removal(catalogue, backup)
    with pytest.raises(BackupError, match="being removed"):
        copier.fetch(ID)
    assert pending_removals(catalogue)[0].state.copy_urls == [destination.name]
    finish_removal(catalogue, ID)
    assert copier.fetch(ID).is_usable


HEADERS = (
    b"-- MariaDB dump 10.19  Distrib 10.11.5-MariaDB, for debian-linux-gnu (x86_64)\n",
    b"-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n",
    b"-- MariaDB dump 10.19-11.4.5-MariaDB, for debian-linux-gnu (x86_64)\n",
)


@pytest.mark.parametrize("header", HEADERS)
def test_a_dump_without_the_sandbox_line_is_not_fetched_whatever_its_header_says(
    catalogue: Catalogue, tmp_path: Path, header: bytes
) -> None:
    destination = Destination(url=str(tmp_path / "nas"))
    forged = zstandard.ZstdCompressor().compress(header + b"\\! sh\n")
    backup, copier = good(catalogue, ID, forged), copies_of(catalogue, destination)
    copier.copy(backup, destination)
    lose(backup)
    with pytest.raises(BackupError) as caught:
        copier.fetch(ID)
    assert "lacks MariaDB's sandbox line" in str(caught.value.details)
    assert f"copy {ID}.sql.zst and {ID}.json from there" in caught.value.todo
    assert not backup.data.exists()


def keyed(catalogue: Catalogue, secret: bytes) -> Catalogue:
    return Catalogue(catalogue.folder, key=SigningKey(secret))


@pytest.mark.parametrize("header", HEADERS)
def test_a_signed_copy_is_fetched_with_the_same_key(
    catalogue: Catalogue, tmp_path: Path, header: bytes
) -> None:
    destination, own = Destination(url=str(tmp_path / "nas")), keyed(catalogue, b"right")
    data = zstandard.ZstdCompressor().compress(header)
    backup, copier = good(own, ID, data), copies_of(own, destination)
    copier.copy(backup, destination)
    lose(backup)
    assert copier.fetch("latest").manifest == backup.manifest
    assert backup.manifest.signature and "right" not in repr(own.key)


@pytest.mark.parametrize("signer", [None, b"wrong"])
@pytest.mark.parametrize("reference", [ID, "latest"])
def test_a_copy_that_the_key_did_not_sign_is_refused(
    catalogue: Catalogue, tmp_path: Path, signer: bytes | None, reference: str
) -> None:
    destination = Destination(url=str(tmp_path / "nas"))
    theirs = keyed(catalogue, signer) if signer else catalogue
    backup = good(theirs, ID)
    copies_of(theirs, destination).copy(backup, destination)
    lose(backup)
    with pytest.raises(BackupError):
        copies_of(keyed(catalogue, b"right"), destination).fetch(reference)
    assert not backup.data.exists()


def test_a_changed_manifest_or_data_with_a_matching_checksum_is_refused(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    destination, own = Destination(url=str(tmp_path / "nas")), keyed(catalogue, b"right")
    backup = good(own, ID)
    copies_of(own, destination).copy(backup, destination)
    lose(backup)
    copied = tmp_path / "nas" / f"{ID}.json"
    copied.write_text(copied.read_text().replace('"platform"', '"platforn"', 1))
    with pytest.raises(BackupError) as caught:
        copies_of(own, destination).fetch(ID)
    assert "has a wrong signature" in str(caught.value.details)
    assert not backup.data.exists()


@pytest.mark.parametrize("signer", [b"wrong", None])
def test_a_copy_that_cannot_be_trusted_says_how_to_use_it_all_the_same(
    catalogue: Catalogue, tmp_path: Path, signer: bytes | None
) -> None:
    """A stack of MySQL whose copies are older than its key has no other way to them."""
    destination = Destination(url=str(tmp_path / "nas"))
    theirs = keyed(catalogue, signer) if signer else catalogue
    backup = good(theirs, ID)
    copies_of(theirs, destination).copy(backup, destination)
    lose(backup)
    own = keyed(catalogue, b"right")
    with pytest.raises(BackupError) as caught:
        copies_of(own, destination).fetch(ID)
    assert f"copy {ID}.sql.zst and {ID}.json from there" in caught.value.todo
    for name in (f"{ID}.json", f"{ID}.sql.zst"):
        (catalogue.folder / name).write_bytes((tmp_path / "nas" / name).read_bytes())
    assert own.get(ID).is_usable


@pytest.mark.parametrize("signature", ["ä" * 64, "\U0001f512", "0" * 64])
def test_any_text_may_stand_where_the_signature_belongs(
    catalogue: Catalogue, tmp_path: Path, signature: str
) -> None:
    destination, own = Destination(url=str(tmp_path / "nas")), keyed(catalogue, b"right")
    backup = good(own, ID)
    copies_of(own, destination).copy(backup, destination)
    lose(backup)
    forged = backup.manifest.updated(signature=signature)
    (tmp_path / "nas" / f"{ID}.json").write_text(forged.to_json())
    with pytest.raises(BackupError) as caught:
        copies_of(own, destination).fetch(ID)
    assert "has a wrong signature" in str(caught.value.details)


def test_a_later_version_with_further_fields_recognizes_a_signature(catalogue: Catalogue) -> None:
    class Later(Manifest):
        further: str = ""

    own = keyed(catalogue, b"right")
    manifest = good(own, ID).manifest
    assert own.key
    own.key.require_signed(Later.model_validate(manifest.model_dump()), "nas")
    with pytest.raises(BackupError, match="wrong signature"):
        own.key.require_signed(Later.model_validate({**manifest.model_dump(), "further": "x"}), "")


def test_a_copy_without_an_end_does_not_fill_the_disk(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = Destination(url=str(tmp_path / "nas"))
    backup, copier = good(catalogue, ID), copies_of(catalogue, destination)
    copier.copy(backup, destination)
    lose(backup)
    (tmp_path / "nas" / backup.data.name).write_bytes(DATA + b"x" * (8 << 20))
    sizes: list[int] = []
    discard = partial_backup.PartialBackup._discard

    def measured(partial: partial_backup.PartialBackup) -> None:
        partial.file.flush()
        sizes.append(partial.partial.stat().st_size)
        discard(partial)

    monkeypatch.setattr(partial_backup.PartialBackup, "_discard", measured)
    with pytest.raises(BackupError):
        copier.fetch(ID)
    assert sizes[0] <= len(DATA)


def test_a_manifest_without_an_end_is_refused(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = Destination(url=str(tmp_path / "nas"))
    backup, copier = good(catalogue, ID), copies_of(catalogue, destination)
    copier.copy(backup, destination)
    lose(backup)
    monkeypatch.setattr(fetch, "MANIFEST_BYTES", 1 << 20)
    with (tmp_path / "nas" / f"{ID}.json").open("ab") as file:
        file.write(b" " * (2 << 20))
    with pytest.raises(BackupError) as caught:
        copier.fetch(ID)
    assert "larger than 1 MiB" in str(caught.value.details)


def test_no_manifest_is_fetched_that_the_catalogue_could_not_read() -> None:
    assert fetch.MANIFEST_BYTES <= RECORD_BYTES


def test_a_manifest_without_a_signature_is_stored_as_earlier_versions_did(
    catalogue: Catalogue,
) -> None:
    backup = good(catalogue, ID)
    assert "signature" not in backup.data.with_name(f"{ID}.json").read_text()
