"""Ask the installed Docker Compose for its hash of each service.

To decide whether `up` has to replace a container, Compose compares the hash of the service with the
one in the container's label. Each version of Compose computes the hash in its own way.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile

from cosmicdeploy.engine.containers.creation.hash_override import SourceOverrides
from cosmicdeploy.stack.merging.program import PROGRAMS, TIMEOUT_SECONDS
from cosmicdeploy.stack.model import ComposeFiles

# Options for hashes of the files as they are: Compose adds no implied keys and checks nothing.
_AS_IT_IS = ("--no-normalize", "--no-consistency")
_LINE = re.compile(r"(\S+) ([0-9a-f]{64})")
# Makes concurrent calls wait for the result of the first call, which is then cached.
_lock = threading.Lock()


def config_hashes(
    files: ComposeFiles,
    state: tuple[str, ...],
    override: str = "",
    sources: SourceOverrides | None = None,
) -> Mapping[str, str]:
    """Return Compose's hash of each service; an empty mapping if no Compose answers in time.

    `state` is everything else that the hashes depend on, such as image ids (in Compose 1.29); it is
    part of the cache's key. `override` is the text of an additional compose file. If Compose
    refuses the override, as 1.29 may do, the hashes are those without the override. `sources` are
    further files for services with `volumes_from`. Such a service is left out if its hash cannot be
    proven (see `hash_override.py`).
    """
    with _lock, suppress(subprocess.TimeoutExpired):
        return _cached_hashes(files, state, override, sources)
    return {}


@lru_cache(maxsize=8)
def _cached_hashes(
    files: ComposeFiles,
    _state: tuple[str, ...],
    override: str,
    sources: SourceOverrides | None,
) -> Mapping[str, str]:
    with _with_file(files, override) as overridden:
        for each in (overridden, files) if override else (files,):
            for program in PROGRAMS:
                if hashes := _hashes(program, each):
                    return _with_sources(program, files, hashes, sources) if sources else hashes
    return {}


def _with_sources(
    program: tuple[str, ...],
    files: ComposeFiles,
    hashes: Mapping[str, str],
    sources: SourceOverrides,
) -> Mapping[str, str]:
    """Return `hashes`, with those of `sources.services` replaced by the hashes of `up`.

    If `as_declared` gives a service the same hash as `hashes`, no implied key is missing in the
    files of `sources`. Otherwise the service is left out. It is also left out if Compose gives no
    hash for `by_id`.
    """
    with (
        _with_file(files, sources.as_declared) as as_declared,
        _with_file(files, sources.by_id) as by_id,
    ):
        same = _hashes(program, as_declared, *_AS_IT_IS)
        proven = {
            name for name in sources.services if name in same and same[name] == hashes.get(name)
        }
        own = _hashes(program, by_id, *_AS_IT_IS) if proven else {}
    rest = {name: value for name, value in hashes.items() if name not in sources.services}
    return rest | {name: own[name] for name in proven if name in own}


@contextmanager
def _with_file(files: ComposeFiles, text: str) -> Iterator[ComposeFiles]:
    """Yield the files, followed by a temporary file with this text."""
    with NamedTemporaryFile("w", prefix="cosmicdeploy-", suffix=".yml") as further:
        further.write(text)
        further.flush()
        yield replace(files, files=(*files.files, Path(further.name)))


def _hashes(program: tuple[str, ...], files: ComposeFiles, *options: str) -> Mapping[str, str]:
    return _run([*program, *files.options, "config", *options, "--hash", "*"], files)


def compose_command(files: ComposeFiles, *words: str) -> str:
    """Return the command line that runs the installed Compose on these files, for the operator."""
    return shlex.join([*_program(), *files.options, *words])


@lru_cache(maxsize=1)
def _program() -> tuple[str, ...]:
    """Return the first of `PROGRAMS` that is installed; without any, the first one."""
    for program in PROGRAMS:
        with suppress(OSError, subprocess.TimeoutExpired):
            command = [*program, "version"]
            completed = subprocess.run(
                command, capture_output=True, timeout=TIMEOUT_SECONDS, check=False
            )
            if completed.returncode == 0:
                return program
    return PROGRAMS[0]


def _run(command: list[str], files: ComposeFiles) -> Mapping[str, str]:
    """Run Compose and parse its hashes; return an empty mapping if Compose fails.

    Raises `TimeoutExpired` if Compose is too slow, so that the caller does not try the next
    program: the hashes of two versions differ, and this program may answer the next time.
    """
    try:
        completed = subprocess.run(  # a fixed program, without a shell
            command,
            env={**os.environ, **dict(files.variables)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except OSError:
        return {}
    return dict(_LINE.findall(completed.stdout)) if completed.returncode == 0 else {}
