"""Projects of several files, with and without Compose v2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.model import Stack
from tests.unit.stack.oracle.compose_v2 import PROGRAM

Read = Callable[..., Stack]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH without any Compose."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def compose_v2(programs: Path) -> Path:
    """A PATH with Compose v2 as `docker-compose`."""
    (programs / "docker-compose").symlink_to(PROGRAM)
    return programs


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


@pytest.fixture
def read(project: Path) -> Read:
    """Write the files that are given by name, and read those of `names` (default: compose.yml)."""

    def write_and_read(files: dict[str, str], names: str = "compose.yml", **environ: str) -> Stack:
        for name, text in files.items():
            (project / name).parent.mkdir(exist_ok=True)
            (project / name).write_text(text, encoding="utf-8")
        return read_stack(
            [project / name for name in names.split()],
            env_file=project / ".env",
            environ={"HOME": "/root", **environ},
        )

    return write_and_read
