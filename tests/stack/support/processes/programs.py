"""Run programs other than the deployer, such as Docker Compose, on a stack under test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

# A Compose that builds may take minutes on a loaded machine.
WITHIN_SECONDS = 400
LAST_LINES = 3


def run_program(
    command: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None
) -> str:
    """Run a program; return all that it prints.

    `environ` is added to the environment. Raises `AssertionError` with its last lines if it fails.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
        check=False,
    )
    output = done.stdout + done.stderr
    last = [line.strip() for line in output.splitlines() if line.strip()][-LAST_LINES:]
    assert done.returncode == 0, f"exit code {done.returncode}: {' / '.join(reversed(last))}"
    return output
