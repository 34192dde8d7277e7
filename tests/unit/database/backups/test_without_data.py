"""Entries without data: a rollback may go back to their images, and nothing restores them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import LATEST, Catalogue
from cosmicdeploy.database.backups.owner import Owner
from cosmicdeploy.database.backups.retention import RetentionPolicy, decide
from cosmicdeploy.database.restore.verify import verify_backup
from cosmicdeploy.errors import UnknownBackup
from tests.unit.database.backups.entries import good, manifest

pytestmark = pytest.mark.unit

IDS = [f"2026030{day}-120000-aaaa" for day in (3, 2, 1)]


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "backups", Owner(database="", project="shop"))


def added(catalogue: Catalogue, backup_id: str) -> Backup:
    described = manifest(backup_id, database="", project="shop")
    return catalogue.add_without_data(described.updated(images={"app": "sha256:1a2b"}))


def test_an_entry_without_data_is_a_target_and_nothing_else(catalogue: Catalogue) -> None:
    backup = added(catalogue, IDS[0])
    assert (backup.status, backup.has_data, backup.is_rollback_target) == ("no data", False, True)
    assert not backup.is_usable and not backup.is_intact
    assert backup.why == "images only: the stack has no database"
    assert not verify_backup(backup).passed
    assert not backup.data.exists()


def test_the_newest_entry_without_data_is_the_latest(catalogue: Catalogue) -> None:
    for backup_id in reversed(IDS):
        added(catalogue, backup_id)
    assert catalogue.get(LATEST).id == IDS[0]


@pytest.mark.parametrize("reference", [LATEST, "1", IDS[0]])
def test_nothing_to_go_back_to_is_no_call_for_a_backup(
    catalogue: Catalogue, reference: str
) -> None:
    with pytest.raises(UnknownBackup) as caught:
        catalogue.get(reference)
    assert caught.value.todo.startswith("`cosmicdeploy deploy` keeps the images")


def test_entries_without_data_are_pruned_like_others(catalogue: Catalogue) -> None:
    backups = [added(catalogue, backup_id) for backup_id in IDS]
    at = datetime(2026, 3, 4, tzinfo=UTC)
    decisions = decide(backups, RetentionPolicy(last=1), {IDS[2]: "needed"}, at, UTC)
    assert [(each.backup.id, each.keep) for each in decisions] == [
        (IDS[0], True),
        (IDS[1], False),
        (IDS[2], True),
    ]
    assert decisions[0].reason.startswith("newest images")
    assert all(each.keep for each in decide(backups, RetentionPolicy(), {}, at, UTC))


def test_a_stack_with_a_database_never_goes_back_to_one(catalogue: Catalogue) -> None:
    added(catalogue, IDS[0])
    owner = Owner(database="platform", project="shop")
    with_database = Catalogue(catalogue.folder, owner)
    data = good(with_database, IDS[1], project="shop")
    assert with_database.get(LATEST).id == data.id
    [foreign] = [each for each in with_database.list() if each.foreign]
    assert not foreign.is_rollback_target
    assert foreign.why == "it is another stack's: no database, project 'shop'"
