"""Python packages from the registry, in a folder that an image can copy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack.support.harness import ROOT

FOLDER = ROOT / ".cache" / "frameworks"


def installed(name: str, *requirements: str) -> Path:
    """Return a folder with these packages and what they need; skip the test if there is none.

    The image has the same version of Python as this machine: one package has compiled parts.
    """
    folder = FOLDER / name
    if not (folder / "complete").is_file():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target"]
        done = subprocess.run(
            [*command, str(folder), *requirements], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            pytest.skip(f"no registry has {', '.join(requirements)}: {done.stderr[-300:]}")
        (folder / "complete").touch()
    return folder
