"""A stack that does not run, with two backups."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy import workspace
from cosmicdeploy.database.backups.catalogue import Catalogue
from tests.unit.database.backups.entries import good
from tests.unit.journal.damage.any_json import ID, OTHER
from tests.unit.shop import BACKUPS, SETTINGS, write_stack_files

LISTS = ("containers", "containers_of_folder", "containers_of_images", "leftovers", "oneoffs")


class Engine:
    """An engine without containers, on which the lock is free."""

    def claim_marker(self, _name: str, _labels: Any) -> Any:
        return SimpleNamespace(id="lock", is_own=True)

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: [] if name in LISTS else None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a stack with the backups `ID` and `OTHER`; its policy keeps the newest."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workspace, "connect", Engine)
    write_stack_files(tmp_path)
    (tmp_path / "cosmicdeploy.yaml").write_text(SETTINGS + "backup: {keep: {last: 1}}\n")
    for backup_id in (ID, OTHER):
        good(Catalogue(tmp_path / BACKUPS), backup_id, database="shop")
    (tmp_path / ".cosmicdeploy").mkdir()
    return tmp_path
