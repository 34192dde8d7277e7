"""Run the installed Docker Compose on a stack's files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress

from cosmicdeploy.stack.model import ComposeFiles

# Compose as Docker's plugin, or as a separate program. The first that is Compose v2 is used.
PROGRAMS = (("docker", "compose"), ("docker-compose",))
TIMEOUT_SECONDS = 20
# Variables of the deployer's process that are needed to find the program and its plugins.
_FINDING = ("PATH", "HOME", "DOCKER_CONFIG")


class NoComposeV2(Exception):
    """No Compose v2 is installed."""


class ComposeFailed(Exception):
    """Compose v2 refused the files; the argument is its error output, which may hold secrets."""


def config(files: ComposeFiles, environ: Mapping[str, str]) -> str:
    """Return the output of `docker compose config --format json`, which holds secrets.

    Raises `NoComposeV2`, `ComposeFailed`, or `subprocess.TimeoutExpired` after 20 seconds.
    """
    # Without this option, Compose would read the `.env` of the project directory instead.
    no_env_file = [] if files.env_file.is_file() else ["--env-file", os.devnull]
    found = {name: os.environ[name] for name in _FINDING if name in os.environ}
    environment = {**found, **environ}
    for program in PROGRAMS:
        with suppress(OSError):  # the program is not installed
            words = [*program, *files.options, *no_env_file, "config", "--format", "json"]
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
