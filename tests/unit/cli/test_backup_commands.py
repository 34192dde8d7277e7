"""Commands about backups without an engine: lists, copies and rollback without an id."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from cosmicdeploy import workspace
from cosmicdeploy.cli.app import app
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.on_disk.state import Pin
from cosmicdeploy.database.backups.removal import start_removal
from tests.unit.database.backups.entries import good
from tests.unit.shop import BACKUPS, SETTINGS, EmptyEngine, call


def test_a_backup_is_copied_only_to_destinations_without_a_copy(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "connect", EmptyEngine)
    good(Catalogue(folder / BACKUPS), "20260301-120000-aaaa", database="shop")
    settings = folder / "cosmicdeploy.yaml"
    for destinations, copied in (("{url: one}", ["one"]), ("{url: one}, {url: two}", ["two"])):
        settings.write_text(SETTINGS + f"backup: {{copies: [{destinations}]}}\n")
        report = json.loads(call("backup", "copy", "--json").stdout)
        assert (report["outcome"], report["data"]["copies"]) == ("changed", copied)
    assert json.loads(call("backup", "copy", "--json").stdout)["outcome"] == "unchanged"
    settings.write_text(SETTINGS + "backup: {copies: [{url: 'nonsense://x'}]}\n")
    failed = call("backup", "copy")
    assert failed.exit_code == 1
    assert "nonsense://x" in failed.stderr


def test_rollback_without_an_id_lists_backups_and_with_options_requires_an_id(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = SimpleNamespace(container=lambda _name: None, containers=lambda _project: [])
    monkeypatch.setattr(workspace, "connect", lambda: empty)
    none = call("rollback")
    assert none.exit_code == 0 and "no usable backup" in none.stdout
    good(Catalogue(folder / BACKUPS), "20260301-120000-aaaa", database="shop")
    shown = call("rollback")
    assert shown.exit_code == 0 and not shown.stderr
    assert "20260301-120000-aaaa" in shown.stdout and "rollback --to ID" in shown.stdout
    report = json.loads(call("rollback", "--json").stdout)
    assert (report["outcome"], report["error"]) == ("done", None)
    assert [row["backup"] for row in report["data"]] == ["20260301-120000-aaaa"]
    for option in (["--yes"], ["--code-only"], ["--migration"], ["--wait", "5"]):
        refused = call("rollback", *option)
        assert refused.exit_code == 2 and "add --to ID" in refused.stderr


@pytest.fixture
def many_backups(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Twelve backups, newest first; each has details that make its row long."""
    empty = SimpleNamespace(container=lambda _name: None, containers=lambda _project: [])
    monkeypatch.setattr(workspace, "connect", lambda: empty)
    catalogue, ids = Catalogue(folder / BACKUPS), []
    for day in range(1, 13):
        ids.append(f"202603{day:02}-120000-aaaa")
        good(catalogue, ids[-1], database="shop", release="2026.11.27-" * 4)
        pin = Pin(at=datetime.now(UTC), reason="before the fair in the city of Nuremberg")
        catalogue.update_state(ids[-1], lambda state, pin=pin: state.updated(pin=pin))  # type: ignore[misc]
    return ids[::-1]


@pytest.mark.parametrize("words", [["rollback"], ["backup", "list"]])
def test_a_long_list_shows_the_ten_newest_and_all_on_request(
    many_backups: list[str], words: list[str]
) -> None:
    def listed(*options: str) -> list[str]:
        rows = call(*words, *options).stdout.splitlines()[1:]
        return [row.split()[0] for row in rows if row.startswith("2026")]

    assert listed() == many_backups[:10] and listed("--all") == many_backups
    assert "2 older not shown; --all shows them" in call(*words).stdout
    assert "--all shows" not in call(*words, "--all").stdout
    rows = json.loads(call(*words, "--json").stdout)["data"]
    assert [row.get("backup") or row["id"] for row in rows] == many_backups


@pytest.mark.parametrize("words", [["rollback"], ["backup", "list"], ["backup", "prune", "--plan"]])
def test_each_row_of_a_list_is_one_line(many_backups: list[str], words: list[str]) -> None:
    def rows(width: str | None) -> list[str]:
        done = CliRunner().invoke(app, words, env={"COLUMNS": width})
        lines = done.stdout.splitlines()
        return [line for line in lines if line.startswith("2026")]

    narrow, piped = rows("80"), rows(None)
    assert len(narrow) == len(piped) >= 10
    assert max(map(len, narrow)) <= 80 and all("…" in row for row in narrow)
    assert not any("…" in row for row in piped)


def test_the_former_option_restore_warns_and_does_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = SimpleNamespace(container=lambda _name: None, containers=lambda _project: [])
    monkeypatch.setattr(workspace, "connect", lambda: empty)
    good(Catalogue(folder / BACKUPS), "20260301-120000-aaaa", database="shop")
    done = call("rollback", "--to", "latest", "--restore")
    assert "--restore does nothing" in done.stderr
    assert "--restore" not in call("rollback", "--help").stdout
    both = call("rollback", "--to", "latest", "--restore", "--code-only")
    assert both.exit_code == 2 and "--restore and --code-only exclude each other" in both.stderr


def test_a_plan_names_backups_that_are_not_completely_removed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "connect", EmptyEngine)
    catalogue, half_removed = Catalogue(folder / BACKUPS), "20260301-120000-aaaa"
    good(catalogue, half_removed, database="shop")
    start_removal(catalogue, catalogue.get(half_removed))
    done = call("backup", "prune", "--plan")
    assert f"not completely removed yet: {half_removed}" in done.stdout, done.stderr
