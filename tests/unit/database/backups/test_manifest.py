"""A manifest as JSON."""

import json
from datetime import timedelta

import pytest

from cosmicdeploy.database.backups.on_disk.manifest import (
    Manifest,
    Objects,
    TableRows,
    now,
    parse_manifest,
)
from cosmicdeploy.errors import BackupError

pytestmark = pytest.mark.unit


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        id="20260202-010203-aaaa",
        created_at=now(),
        database="platform",
        server_vendor="MariaDB",
        server_version="10.11.19-MariaDB",
        objects=Objects(tables={"remotes": TableRows(before=3, after=4)}),
    )


def test_a_manifest_is_read_back_as_it_was_stored(manifest: Manifest) -> None:
    assert parse_manifest(manifest.to_json(), "file") == manifest


def test_a_manifest_has_a_format_number_and_a_time_with_offset(manifest: Manifest) -> None:
    stored = json.loads(manifest.to_json())
    assert stored["format"] == 1
    assert manifest.created_at.utcoffset() == timedelta(0)
    assert stored["created_at"].endswith("Z")


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"format": 2}, "format"),
        ({"status": "fine"}, "status"),
        ({"unknown": 1}, "unknown"),
        ({"objects": {"tables": {"t": {"before": "many", "after": 1}}}}, "objects.tables.t.before"),
    ],
)
def test_an_invalid_manifest_is_refused_with_the_key(
    manifest: Manifest, change: dict, key: str
) -> None:
    text = json.dumps({**json.loads(manifest.to_json()), **change})
    with pytest.raises(BackupError, match=key):
        parse_manifest(text, "file")


def test_a_truncated_manifest_is_refused(manifest: Manifest) -> None:
    with pytest.raises(BackupError, match="JSON"):
        parse_manifest(manifest.to_json()[:40], "file")


def test_an_update_is_validated(manifest: Manifest) -> None:
    assert manifest.updated(status="good").status == "good"
    with pytest.raises(ValueError, match="status"):
        manifest.updated(status="fine")
