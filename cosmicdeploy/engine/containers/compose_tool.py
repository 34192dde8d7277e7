"""Ask the installed Docker Compose for its hash of each service.

To decide whether `up` has to replace a container, Compose compares the hash with the container's
label. Each version of Compose computes the hash in its own way.
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
# Makes concurrent calls wait for the result of the first call, which is then cached.
_lock = threading.Lock()


def config_hashes(
    files: ComposeFiles, state: tuple[str, ...], override: str = ""
) -> Mapping[str, str]:
    """Return Compose's hash of each service; an empty mapping if no Compose answers in time.

    `state` is everything that the hashes depend on, such as image ids (in Compose 1.29); it is part
    of the cache's key. `override` is the text of an additional compose file. If Compose refuses the
    override, as 1.29 may do, the hashes are those without the override.
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
    """Return a command line with which the operator runs the installed Compose on these files."""
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
    """Run Compose and parse its hashes; return an empty mapping if Compose fails.

    Raises `TimeoutExpired`, so that the caller does not try the next program: the hashes of two
    versions differ, and this program may answer the next time.
    """
    try:
        completed = subprocess.run(  # a fixed program, without a shell
            command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except OSError:
        return {}
    return dict(_LINE.findall(completed.stdout)) if completed.returncode == 0 else {}
