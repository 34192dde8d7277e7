"""Adopt a folder without an engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.adoption.adopt import Adoption, adopt
from cosmicdeploy.adoption.reading.engine_view import EngineView
from cosmicdeploy.adoption.reading.opening import StackChoice
from tests.unit.stack.oracle.compose_v2 import PROGRAM

Adopt = Callable[..., Adoption]
NO_ENGINE = "No Docker Engine answers"


@pytest.fixture(autouse=True)
def compose_v2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH with Compose v2 as `docker-compose`, and no variables of Compose."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "docker-compose").symlink_to(PROGRAM)
    monkeypatch.setenv("PATH", str(programs))
    for name in ("COMPOSE_FILE", "COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


@pytest.fixture
def adopted(folder: Path) -> Adopt:
    """Write files into the folder, and adopt it; by default without an engine."""

    def write_and_adopt(
        files: Mapping[str, str], engine: EngineView | None = None, **choices: Any
    ) -> Adoption:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        choices["files"] = choices.pop("named", ())
        choice = StackChoice(folder=folder, environ=dict(os.environ), **choices)
        return adopt(choice, engine or EngineView(None, NO_ENGINE))

    return write_and_adopt


def values(adoption: Adoption) -> dict[str, Any]:
    """Return the value of each setting by its dotted key."""
    return {each.name: each.value for each in adoption.settings}


def marks(adoption: Adoption) -> dict[str, str]:
    """Return the mark of each setting that has one, by its dotted key."""
    return {each.name: each.mark for each in adoption.settings if each.mark}


def evidence(adoption: Adoption, key: str) -> str:
    """Return the evidence for a setting."""
    return next(each.evidence for each in adoption.settings if each.name == key)


def compose(text: str, **files: str) -> dict[str, str]:
    """Return a folder's files: a compose file with these services, and others by their names."""
    return {"docker-compose.yml": f"services:\n{text}", **files}
