"""Fixtures for the payload, which is imported from its folder, as it is in its image."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAYLOAD = Path(__file__).parents[3] / "cosmicdeploy" / "payload"
sys.path.insert(0, str(PAYLOAD / "app"))


@pytest.fixture
def payload() -> Path:
    """The folder of the payload."""
    return PAYLOAD


@pytest.fixture
def console(payload: Path, tmp_path: Path):  # type: ignore[no-untyped-def]
    """Return a function that runs the console of a copy of the payload; `app` is the copy."""
    app = tmp_path / "app"
    shutil.copytree(payload / "app", app, ignore=shutil.ignore_patterns("__pycache__"))

    def run(*argv: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PYTHONPATH": str(app),
            "LOG_FILE": str(tmp_path / "log"),
            "DB_HOST": "127.0.0.1",
            "DB_PORT": "1",
            **more,
        }
        return subprocess.run(
            [sys.executable, str(app / "console"), *argv],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    run.app = app  # type: ignore[attr-defined]
    return run
