"""Of two stacks that share a folder or a destination, each uses only its own backups."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cosmicdeploy import workspace
from cosmicdeploy.database.backups.catalogue import Catalogue
from tests.unit.database.backups.entries import good
from tests.unit.shop import BACKUPS, SETTINGS, EmptyEngine, call, write_stack_files

pytestmark = pytest.mark.unit

OLDEST, OWN, THEIRS = "20260101-120000-aaaa", "20260201-120000-bbbb", "20260301-120000-cccc"
# Database and project of stacks that differ from the project shop-1 with the database shop.
OTHERS = [("other", "shop-1"), ("other", ""), ("shop", "shop-2")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stack with the project shop-1, the database shop, and two backups of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workspace, "connect", EmptyEngine)
    write_stack_files(tmp_path)
    settings = tmp_path / "cosmicdeploy.yaml"
    settings.write_text(f"{SETTINGS}project: shop-1\nbackup: {{keep: {{last: 1, minimum: 2}}}}\n")
    good(catalogue(tmp_path), OLDEST, database="shop")
    good(catalogue(tmp_path), OWN, database="shop", project="shop-1")
    return tmp_path


def catalogue(folder: Path) -> Catalogue:
    return Catalogue(folder / BACKUPS)


def one_line(text: str) -> str:
    """Undo the line breaks of the terminal's width."""
    return " ".join(text.split())


@pytest.mark.parametrize(("database", "project"), OTHERS)
def test_another_stacks_backup_is_listed_as_such(folder: Path, database: str, project: str) -> None:
    good(catalogue(folder), THEIRS, database=database, project=project)
    rows = json.loads(call("backup", "list", "--json").stdout)["data"]
    assert [row["status"] for row in rows] == ["foreign", "good", "good"]
    assert database in rows[0]["reason"] and project in rows[0]["reason"]
    shown = call("backup", "show", THEIRS)
    assert shown.exit_code == 0 and "another stack's" in one_line(shown.stdout)


@pytest.mark.parametrize(("database", "project"), OTHERS)
@pytest.mark.parametrize(
    "words",
    [
        ["rollback", "--yes", "--to", THEIRS],
        ["rollback", "--yes", "--code-only", "--to", THEIRS],
        ["backup", "verify", THEIRS],
        ["backup", "verify", THEIRS, "--restore"],
        ["backup", "pin", THEIRS],
        ["backup", "unpin", THEIRS],
        ["backup", "copy", THEIRS],
    ],
)
def test_another_stacks_backup_is_refused_even_by_its_id(
    folder: Path, words: list[str], database: str, project: str
) -> None:
    good(catalogue(folder), THEIRS, database=database, project=project)
    settings = folder / "cosmicdeploy.yaml"
    settings.write_text(settings.read_text().replace("keep:", "copies: [{url: nas}], keep:"))
    before = sorted(path.name for path in (folder / BACKUPS).iterdir())
    refused = call(*words)
    assert refused.exit_code == 2
    message = one_line(refused.stderr)
    assert f"{THEIRS} is another stack's" in message and f"database {database!r}" in message
    assert "`cosmicdeploy backup list`" in message
    assert sorted(path.name for path in (folder / BACKUPS).iterdir()) == before


@pytest.mark.parametrize(("database", "project"), OTHERS)
def test_latest_is_a_backup_of_this_stack(folder: Path, database: str, project: str) -> None:
    good(catalogue(folder), THEIRS, database=database, project=project)
    shown = call("backup", "show", "latest", "--json")
    report = json.loads(shown.stdout)
    assert report["data"]["id"] == OWN
    assert f"skipped {THEIRS}: it is another stack's" in one_line(shown.stderr)
    assert any(THEIRS in warning for warning in report["warnings"])
    listed = call("rollback", "--json")
    assert [row["backup"] for row in json.loads(listed.stdout)["data"]] == [OWN, OLDEST]


def test_after_a_database_was_renamed_no_backup_of_its_former_name_is_used(
    folder: Path,
) -> None:
    settings = folder / "cosmicdeploy.yaml"
    settings.write_text(settings.read_text().replace("{name: shop}", "{name: other}"))
    refused = call("rollback", "--to", "latest", "--yes")
    assert refused.exit_code != 0
    message = one_line(refused.stderr)
    assert "There is no usable backup" in message
    assert "it is another stack's: database 'shop', project 'shop-1'" in message
    rows = json.loads(call("backup", "prune", "--plan", "--json").stdout)["data"]["backups"]
    assert all(row["keep"] for row in rows)


def test_prune_neither_counts_nor_removes_another_stacks_backups(folder: Path) -> None:
    for day, (database, project) in enumerate(OTHERS, 1):
        theirs = f"2026030{day}-120000-cccc"
        good(catalogue(folder), theirs, database=database, project=project)
    rows = json.loads(call("backup", "prune", "--plan", "--json").stdout)["data"]["backups"]
    assert [(row["keep"], row["reason"][:6]) for row in rows[:3]] == [(True, "it is ")] * 3
    assert [row["keep"] for row in rows[3:]] == [True, True], "minimum: 2 of this stack's own"


def test_a_half_removed_backup_of_another_stack_is_left_alone(folder: Path) -> None:
    good(catalogue(folder), THEIRS, database="other", project="shop-2")
    manifest = folder / BACKUPS / f"{THEIRS}.json"
    manifest.rename(manifest.with_suffix(".removing"))
    assert call("backup", "prune", "--yes", "--json").exit_code == 0
    assert manifest.with_suffix(".removing").exists()


def test_each_stack_fetches_its_own_backups_from_a_shared_destination(folder: Path) -> None:
    good(catalogue(folder), THEIRS, database="other", project="shop-2")
    (folder / BACKUPS).rename(folder / "nas")
    fetched = call("backup", "fetch", "latest", "--from", str(folder / "nas"), "--json")
    assert json.loads(fetched.stdout)["backup"] == OWN, fetched.stderr
    refused = call("backup", "fetch", THEIRS, "--from", str(folder / "nas"))
    assert refused.exit_code == 2 and "another stack's" in one_line(refused.stderr)
    assert not (folder / BACKUPS / f"{THEIRS}.json").exists()


def test_on_a_restored_machine_the_project_setting_finds_the_backups(folder: Path) -> None:
    """Without that setting, the project is named after the folder."""
    moved = folder / "srv" / "moved"
    moved.mkdir(parents=True)
    write_stack_files(moved)
    settings = moved / "cosmicdeploy.yaml"
    settings.write_text(f"{SETTINGS}backup: {{directory: {folder / BACKUPS}}}\n")
    refused = call("backup", "verify", OWN, "--config", str(settings))
    assert refused.exit_code == 2
    assert "set `project: shop-1` in cosmicdeploy.yaml" in one_line(refused.stderr)
    settings.write_text(f"{settings.read_text()}project: shop-1\n")
    proven = call("backup", "verify", OWN, "--config", str(settings), "--json")
    assert json.loads(proven.stdout)["backup"] == OWN
