"""Ask the installed Docker Compose for its hash of each service.

Compose compares the hash with a container's label to decide whether `up` has to replace it. Each
version of Compose computes the hash in its own way.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

# Docker's plugin (v2) is preferred to a separate docker-compose.
PROGRAMS = (("docker", "compose"), ("docker-compose",))
TIMEOUT_SECONDS = 20
_LINE = re.compile(r"(\S+) ([0-9a-f]{64})")


# Concurrent calls wait for the first one's cached result.
_asking = threading.Lock()


def config_hashes(
    project: str, file: Path, env_file: Path, state: tuple[str, ...]
) -> Mapping[str, str]:
    """Return Compose's hash by service; empty if no Compose answers.

    `state` is what the hash depends on, such as images, which 1.29 includes: the result is cached
    for each state.
    """
    with _asking, suppress(subprocess.TimeoutExpired):
        return _cached_hashes(project, file, env_file, state)
    return {}


@lru_cache(maxsize=8)
def _cached_hashes(
    project: str, file: Path, env_file: Path, _state: tuple[str, ...]
) -> Mapping[str, str]:
    for program in PROGRAMS:
        if hashes := _run([*program, *_options(project, file, env_file), "config", "--hash", "*"]):
            return hashes
    return {}


def compose_command(project: str, file: Path, env_file: Path, *words: str) -> str:
    """Return a command line of the installed Compose, for people."""
    return shlex.join([*_program(), *_options(project, file, env_file), *words])


@lru_cache(maxsize=1)
def _program() -> tuple[str, ...]:
    for program in PROGRAMS:
        with suppress(OSError, subprocess.TimeoutExpired):
            command = [*program, "version"]
            done = subprocess.run(
                command, capture_output=True, timeout=TIMEOUT_SECONDS, check=False
            )
            if done.returncode == 0:
                return program
    return PROGRAMS[0]


def _options(project: str, file: Path, env_file: Path) -> list[str]:
    options = ["--project-name", project, "--file", str(file)]
    options += ["--project-directory", str(file.parent)]
    return [*options, "--env-file", str(env_file)] if env_file.is_file() else options


def _run(command: list[str]) -> Mapping[str, str]:
    """Run Compose and parse its hashes; empty if it fails, since no deploy depends on them.

    Raises `TimeoutExpired`: another program's hashes would differ, and this one may answer later.
    """
    try:
        done = subprocess.run(  # a fixed program; no shell
            command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except OSError:
        return {}
    return dict(_LINE.findall(done.stdout)) if done.returncode == 0 else {}
