"""Destinations of copies: their secrets are never shown, and missing packages are reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.copies.copies import Copies
from cosmicdeploy.database.copies.destination import Destination
from tests.unit.database.backups.entries import good

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


def test_a_destination_that_fails_is_recorded_without_its_secrets(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    (tmp_path / "s3cr3t").write_text("a file, not a folder")
    destination = Destination(
        url=str(tmp_path / "s3cr3t" / "x"), options={"auto_mkdir": False, "k": "s3cr3t"}
    )
    copied = copies_of(catalogue, destination).copy(good(catalogue, ID), destination)
    assert "cannot be written" in copied.error
    assert "s3cr3t" not in copied.error.split(" (")[0]
    assert "s3cr3t" not in repr(destination)


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
    destination = Destination(url=url)
    assert destination.name == "sftp://host/folder"
    assert "pa55" not in repr(destination)
    for text in (url, f"cannot open '{url}' (403)", f"b'{url}': refused"):
        assert "pa55" not in destination.describe(OSError(text))


def test_a_password_in_a_url_is_shown_nowhere() -> None:
    destination = Destination(url="sftp://me:pa55%77ord@host/folder")
    text = destination.describe(
        OSError("no such key: pa55word, pa55%77ord; see http://x/y?z=1 (or not)")
    )
    assert text == "OSError: no such key: ***, ***; see http://x/y (or not)"


@pytest.mark.parametrize("url", ["s3://bucket/a@b", "/mnt/a@b?c", "sftp://host:2222/folder"])
def test_a_url_without_a_secret_is_shown_unchanged(url: str) -> None:
    assert Destination(url=url).name == url
    assert not Destination(url=url).has_password


@pytest.mark.parametrize(
    ("url", "words"),
    [("s3://bucket/x", "cosmicdeploy[s3]"), ("nonsense://x", "nonsense")],
)
def test_a_missing_package_or_protocol_is_reported(
    catalogue: Catalogue, url: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)  # even if it is installed
    destination = Destination(url=url)
    assert words in copies_of(catalogue, destination).copy(good(catalogue, ID), destination).error
