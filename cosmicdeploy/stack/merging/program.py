"""Run the installed Docker Compose on a stack's files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress

from cosmicdeploy.stack.model import ComposeFiles

# The first that works is used: Docker's plugin (v2), or a separate docker-compose.
PROGRAMS = (("docker", "compose"), ("docker-compose",))
TIMEOUT_SECONDS = 20
# Variables by which a program and its plugins are found.
_FINDING = ("PATH", "HOME", "DOCKER_CONFIG")


class NoComposeV2(Exception):
    """No Compose v2 is installed."""


class ComposeFailed(Exception):
    """Compose v2 refused the files; the argument is what it said, which may hold secrets."""


def config(files: ComposeFiles, environ: Mapping[str, str]) -> str:
    """Return what `config --format json` prints; it holds secrets.

    Raises `NoComposeV2`, `ComposeFailed`, and `TimeoutExpired` of subprocess.
    """
    # Without this option Compose would read another `.env`, that of the project directory.
    none = [] if files.env_file.is_file() else ["--env-file", os.devnull]
    found = {name: os.environ[name] for name in _FINDING if name in os.environ}
    environment = {**found, **environ}
    for program in PROGRAMS:
        with suppress(OSError):  # it is not installed
            words = [*program, *files.options, *none, "config", "--format", "json"]
            done = _run(words, environment)
            if done.returncode == 0 and done.stdout.lstrip().startswith("{"):
                return done.stdout
            if _is_v2(program, environment):
                raise ComposeFailed(done.stderr)
    raise NoComposeV2


def _is_v2(program: tuple[str, ...], environment: Mapping[str, str]) -> bool:
    done = _run([*program, "version", "--short"], environment)
    version = done.stdout.strip().removeprefix("v")
    return done.returncode == 0 and version.partition(".")[0].isdecimal() and version[:2] != "1."


def _run(words: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # a fixed program, without a shell
        words,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
