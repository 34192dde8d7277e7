"""`latest` and the retention rules count only usable backups."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cosmicdeploy import workspace
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.on_disk.manifest import now
from cosmicdeploy.database.backups.on_disk.state import VerificationRecord
from tests.unit.database.backups.entries import good
from tests.unit.shop import BACKUPS, SETTINGS, EmptyEngine, call, write_stack_files

pytestmark = pytest.mark.unit

OLDER, NEWER = "20260101-120000-aaaa", "20260201-120000-bbbb"
FUTURE = "20990101-000000-ffff"
FAILED = VerificationRecord(at=now(), reason="the table devices has 1 row in place of 2")


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """The catalogue of a stack with one good backup."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workspace, "connect", EmptyEngine)
    write_stack_files(tmp_path)
    keep = "backup: {keep: {last: 1}, copies: [{url: nas}]}\n"
    (tmp_path / "cosmicdeploy.yaml").write_text(SETTINGS + keep)
    stored = Catalogue(tmp_path / BACKUPS)
    good(stored, OLDER, database="shop")
    return stored


def one_line(text: str) -> str:
    """Undo the line breaks of the terminal's width."""
    return " ".join(text.split())


def failed_to_restore(catalogue: Catalogue) -> str:
    good(catalogue, NEWER, database="shop")
    catalogue.update_state(NEWER, lambda state: state.updated(restored=FAILED))
    return "its test restore failed on"


def damaged(catalogue: Catalogue) -> str:
    good(catalogue, NEWER, database="shop")
    catalogue.update_state(NEWER, lambda state: state.updated(read=FAILED))
    return "its data is damaged"


def from_the_future(catalogue: Catalogue) -> str:
    good(catalogue, FUTURE, database="shop")
    return "in the future"


def without_data(catalogue: Catalogue) -> str:
    good(catalogue, NEWER, database="shop").data.unlink()
    return "its data file is gone"


def unreadable_manifest(catalogue: Catalogue) -> str:
    good(catalogue, NEWER, database="shop").data.with_name(f"{NEWER}.json").write_text("{")
    return "manifest cannot be read"


# Each adds an unusable backup, and returns the words that say why.
Unusable = Callable[[Catalogue], str]
UNUSABLE: list[Unusable] = [
    failed_to_restore,
    damaged,
    from_the_future,
    without_data,
    unreadable_manifest,
]


@pytest.mark.parametrize("unusable", UNUSABLE)
def test_latest_skips_unusable_backups_and_says_so(
    catalogue: Catalogue, unusable: Unusable
) -> None:
    why = unusable(catalogue)
    for words in (["backup", "show", "latest"], ["backup", "copy"]):
        done = call(*words, "--json")
        assert json.loads(done.stdout)["backup"] == OLDER
        assert one_line(done.stderr).count("skipped") == 1
        assert why in one_line(done.stderr)
    listed = call("rollback", "--json")
    assert [row["backup"] for row in json.loads(listed.stdout)["data"]] == [OLDER]
    assert why in one_line(listed.stderr)


@pytest.mark.parametrize("unusable", UNUSABLE)
def test_no_rule_counts_unusable_backups(catalogue: Catalogue, unusable: Unusable) -> None:
    unusable(catalogue)
    rows = json.loads(call("backup", "prune", "--plan", "--json").stdout)["data"]["backups"]
    reasons = {row["id"]: row["reason"] for row in rows}
    assert "newest good backup" in reasons[OLDER] and "last 1 of 1" in reasons[OLDER]


@pytest.mark.parametrize("unusable", UNUSABLE)
def test_the_error_names_commands_if_no_backup_is_usable(
    catalogue: Catalogue, unusable: Unusable
) -> None:
    why = unusable(catalogue)
    for path in catalogue.folder.glob(f"{OLDER}.*"):
        path.unlink()
    done = call("rollback", "--to", "latest", "--yes")
    assert done.exit_code == 1
    assert "There is no usable backup" in done.stderr and why in one_line(done.stderr)
    assert "`cosmicdeploy backup create`" in done.stderr


def test_a_backup_that_failed_to_restore_is_kept_until_a_newer_one_is_good(
    catalogue: Catalogue,
) -> None:
    """Its file is intact, so the failure may have been due to the server."""
    good(catalogue, NEWER, database="shop")
    failed = FAILED.model_copy(update={"at": now() - timedelta(days=9)})
    catalogue.update_state(NEWER, lambda state: state.updated(restored=failed))
    assert kept_by_prune()[NEWER]
    good(catalogue, f"20260202{NEWER[8:]}", database="shop")
    assert not kept_by_prune()[NEWER]


def kept_by_prune() -> dict[str, bool]:
    rows = json.loads(call("backup", "prune", "--plan", "--json").stdout)["data"]["backups"]
    return {row["id"]: row["keep"] for row in rows}


def test_a_backup_from_the_future_is_never_pruned_and_blocks_no_new_backup(
    catalogue: Catalogue,
) -> None:
    from_the_future(catalogue)
    at = datetime.now(UTC)
    new = good(catalogue, f"{at:%Y%m%d-%H%M%S}-0000", database="shop").id
    shown = call("backup", "show", "--json")
    assert json.loads(shown.stdout)["data"]["id"] == new
    assert kept_by_prune() == {FUTURE: True, new: True, OLDER: False}


def test_a_clock_slightly_ahead_is_tolerated(catalogue: Catalogue) -> None:
    at = datetime.now(UTC) + timedelta(minutes=2)
    new = good(catalogue, f"{at:%Y%m%d-%H%M%S}-0000", database="shop").id
    shown = call("backup", "show", "--json")
    assert json.loads(shown.stdout)["data"]["id"] == new and not shown.stderr


def test_the_newest_backup_is_the_last_created_not_the_highest_id(catalogue: Catalogue) -> None:
    path = good(catalogue, NEWER, database="shop").data.with_name(f"{NEWER}.json")
    path.write_text(path.read_text().replace("2026-02-01T", "2025-02-01T"))
    assert json.loads(call("backup", "show", "--json").stdout)["data"]["id"] == OLDER


def test_fetch_latest_skips_unusable_copies(catalogue: Catalogue, tmp_path: Path) -> None:
    good(catalogue, FUTURE, database="shop")
    failed_to_restore(catalogue)
    nas = tmp_path / "nas"
    nas.mkdir()
    for path in catalogue.folder.iterdir():
        if ".state." not in path.name:
            (nas / path.name).write_bytes(path.read_bytes())
    for path in catalogue.folder.glob(f"{OLDER}.*"):
        path.unlink()
    done = call("backup", "fetch", "latest", "--json")
    assert json.loads(done.stdout)["backup"] == OLDER
    assert f"skipped {FUTURE}" in one_line(done.stderr)
    assert f"skipped {NEWER}" in one_line(done.stderr)


def test_a_backup_from_the_future_is_used_by_id_with_a_warning(catalogue: Catalogue) -> None:
    from_the_future(catalogue)
    shown = call("rollback", "--to", FUTURE)
    assert f"{FUTURE} is used because --to names it: it is stamped in the future" in one_line(
        shown.stderr
    )
    assert "(in the future)" in one_line(shown.stdout)
