"""The Docker Compose that is installed on this machine, asked for its hash of each service.

Compose compares it with a label of the container to see whether `up` has anything to do. How it is
computed differs between versions, and is theirs.
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

# Docker's own plugin, from v2 on, goes before a docker-compose beside it.
PROGRAMS = (("docker", "compose"), ("docker-compose",))
TIMEOUT_SECONDS = 20
_LINE = re.compile(r"(\S+) ([0-9a-f]{64})")


# Who asks while another asks the same waits for that answer.
_asking = threading.Lock()


def config_hashes(
    project: str, file: Path, env_file: Path, state: tuple[str, ...]
) -> Mapping[str, str]:
    """Service → Compose's hash of it; empty where no Compose answers.

    `state` is what the answer rests on, such as images, which 1.29 counts in: with another one it
    is asked again.
    """
    with _asking, suppress(subprocess.TimeoutExpired):
        return _asked(project, file, env_file, state)
    return {}


@lru_cache(maxsize=8)
def _asked(project: str, file: Path, env_file: Path, _state: tuple[str, ...]) -> Mapping[str, str]:
    for program in PROGRAMS:
        if found := _ask([*program, *_options(project, file, env_file), "config", "--hash", "*"]):
            return found
    return {}


def compose_command(project: str, file: Path, env_file: Path, *words: str) -> str:
    """A command line for people, of the Compose that is installed here."""
    return shlex.join([*_program(), *_options(project, file, env_file), *words])


@lru_cache(maxsize=1)
def _program() -> tuple[str, ...]:
    for program in PROGRAMS:
        with suppress(OSError, subprocess.TimeoutExpired):
            called = [*program, "version"]
            done = subprocess.run(called, capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
            if done.returncode == 0:
                return program
    return PROGRAMS[0]


def _options(project: str, file: Path, env_file: Path) -> list[str]:
    options = ["--project-name", project, "--file", str(file)]
    options += ["--project-directory", str(file.parent)]
    return [*options, "--env-file", str(env_file)] if env_file.is_file() else options


def _ask(command: list[str]) -> Mapping[str, str]:
    """Whatever goes wrong, a deploy does not depend on it. Raises `TimeoutExpired`: another
    program's answer would be another, and a later one of this program may come."""
    try:
        done = subprocess.run(  # a fixed program; no shell
            command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except OSError:
        return {}
    return dict(_LINE.findall(done.stdout)) if done.returncode == 0 else {}
