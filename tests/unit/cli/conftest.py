"""A folder with a small stack, on a machine without an engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.shop import write_stack_files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the stack, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    write_stack_files(tmp_path)
    return tmp_path
