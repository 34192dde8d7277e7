"""Ask the installed Docker Compose for its hash of each service.

Compose compares the hash with a container's label to decide whether `up` has to replace the
container. Each version of Compose computes the hash in its own way.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile

from cosmicdeploy.stack.merging.program import PROGRAMS, TIMEOUT_SECONDS
from cosmicdeploy.stack.model import ComposeFiles

_LINE = re.compile(r"(\S+) ([0-9a-f]{64})")
# Concurrent calls wait for the first call's cached result.
_lock = threading.Lock()


def config_hashes(
    files: ComposeFiles, state: tuple[str, ...], override: str = ""
) -> Mapping[str, str]:
    """Return Compose's hash by service; empty if no Compose answers.

    `state` is what the hashes depend on, such as image ids (in Compose 1.29). The result is cached
    for each state. `override` is the text of a further compose file, which 1.29 may not understand.
    """
    with _lock, suppress(subprocess.TimeoutExpired):
        return _cached_hashes(files, state, override)
    return {}


@lru_cache(maxsize=8)
def _cached_hashes(
    files: ComposeFiles, _state: tuple[str, ...], override: str
) -> Mapping[str, str]:
    with NamedTemporaryFile("w", prefix="cosmicdeploy-", suffix=".yml") as further:
        further.write(override)
        further.flush()
        overridden = replace(files, files=(*files.files, Path(further.name)))
        for each in (overridden, files) if override else (files,):
            for program in PROGRAMS:
                if hashes := _run([*program, *each.options, "config", "--hash", "*"]):
                    return hashes
    return {}


def compose_command(files: ComposeFiles, *words: str) -> str:
    """Return a command line of the installed Compose on this stack, for the operator."""
    return shlex.join([*_program(), *files.options, *words])


@lru_cache(maxsize=1)
def _program() -> tuple[str, ...]:
    for program in PROGRAMS:
        with suppress(OSError, subprocess.TimeoutExpired):
            command = [*program, "version"]
            completed = subprocess.run(
                command, capture_output=True, timeout=TIMEOUT_SECONDS, check=False
            )
            if completed.returncode == 0:
                return program
    return PROGRAMS[0]


def _run(command: list[str]) -> Mapping[str, str]:
    """Run Compose and parse its hashes; empty if it fails, since no deploy depends on them.

    Raises `TimeoutExpired`, so that the next program is not tried: its hashes would differ, and
    this program may answer later.
    """
    try:
        completed = subprocess.run(  # a fixed program, without a shell
            command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except OSError:
        return {}
    return dict(_LINE.findall(completed.stdout)) if completed.returncode == 0 else {}
