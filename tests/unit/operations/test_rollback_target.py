"""The target of a rollback: the id of a backup, or a release that only one backup has."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.owner import Owner
from cosmicdeploy.errors import UnknownBackup, UsageError
from cosmicdeploy.operations.rollback_preview import rollback_target
from tests.unit.database.backups.entries import good, manifest

pytestmark = pytest.mark.unit

IDS = [f"2026030{day}-120000-aaaa" for day in (3, 2, 1)]


def stack(folder: Path, database: str) -> Any:
    return SimpleNamespace(catalogue=Catalogue(folder, Owner(database=database, project="shop")))


def add(ctx: Any, backup_id: str, release: str, image: str) -> None:
    described = manifest(backup_id, database="", project="shop")
    ctx.catalogue.add_without_data(described.updated(release=release, images={"app": image}))


def test_a_release_names_its_newest_entry_if_all_have_the_same_images(tmp_path: Path) -> None:
    ctx = stack(tmp_path, "")
    add(ctx, IDS[2], "1", "sha256:1")
    add(ctx, IDS[1], "2", "sha256:2")
    add(ctx, IDS[0], "1", "sha256:1")
    assert rollback_target(ctx, "1").id == IDS[0]
    assert rollback_target(ctx, "2").id == IDS[1]
    assert rollback_target(ctx, IDS[2]).id == IDS[2]
    assert rollback_target(ctx, "latest").id == IDS[0]
    with pytest.raises(UnknownBackup, match="There is no backup '3'"):
        rollback_target(ctx, "3")


def test_a_release_of_several_images_is_refused_with_their_ids(tmp_path: Path) -> None:
    ctx = stack(tmp_path, "")
    add(ctx, IDS[1], "1", "sha256:1")
    add(ctx, IDS[0], "1", "sha256:other")
    with pytest.raises(UsageError, match="Release 1 has several backups") as caught:
        rollback_target(ctx, "1")
    assert [line.split()[0] for line in caught.value.details] == IDS[:2]


def test_backups_with_data_of_one_release_differ(tmp_path: Path) -> None:
    ctx = stack(tmp_path, "platform")
    for backup_id in IDS[:2]:
        good(ctx.catalogue, backup_id, project="shop", release="7")
    with pytest.raises(UsageError, match="several backups"):
        rollback_target(ctx, "7")
