"""SIGTERM ends a command that waits for an engine which accepts connections and stays silent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

# The claim is 2 s; the test allows more, since it may share the cores with other tests.
SIGTERM_SECONDS = 5.0


@pytest.fixture
def silent_engine(folder: Path) -> Iterator[socket.socket]:
    """The engine's socket; the kernel accepts connections for it, and no program answers."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/silent.sock")
        listener.listen(8)
        listener.settimeout(60)
        yield listener


@pytest.mark.parametrize(
    "words",
    [["step", "health"], ["verify"], ["diagnose"], ["status"], ["deploy", "--plan"], ["doctor"]],
)
def test_sigterm_ends_a_command_at_once(
    folder: Path, silent_engine: socket.socket, words: list[str]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "cosmicdeploy", *words],
        cwd=folder,
        env={**os.environ, "DOCKER_HOST": f"unix://{folder}/silent.sock"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        connection, _ = silent_engine.accept()  # now it waits for the answer
        with connection:
            command.send_signal(signal.SIGTERM)
            sent = time.monotonic()
            _, errors = command.communicate(timeout=60)
    assert time.monotonic() - sent < SIGTERM_SECONDS
    assert command.returncode == 130 and "Interrupted" in errors
