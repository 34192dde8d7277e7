"""Build with `docker buildx build`, for builds in which BuildKit asks its client for something."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cosmicdeploy.engine.building.builders.buildx.buildx_command import (
    buildx_command,
    buildx_environment,
)
from cosmicdeploy.engine.building.builders.buildx.plain_progress import PlainProgress
from cosmicdeploy.engine.building.builders.limits.buildkit_limits import buildkit_problems
from cosmicdeploy.engine.building.builders.limits.problems import Problem, refuse
from cosmicdeploy.engine.building.builders.protocol import FailedBuild, OnLine
from cosmicdeploy.engine.building.recipe import Recipe
from cosmicdeploy.process.signals import each_interruptible, interruptible

PROGRAM = ("docker", "buildx")
# Seconds that `docker buildx version` may take.
_VERSION_SECONDS = 20
# Seconds that buildx may take to stop a build that was given up.
_GRACE_SECONDS = 1.5


@dataclass(frozen=True)
class BuildxBuilder:
    """`Builder` that uses buildx, a plugin of the docker command.

    `reasons` are the parts of the build for which the engine alone does not suffice.
    """

    reasons: Sequence[str]
    name: str = "docker buildx"

    def require_buildable(self, recipe: Recipe) -> None:
        refuse("The image cannot be built as written", self._problems(recipe))

    def _problems(self, recipe: Recipe) -> Iterator[Problem]:
        if not is_installed():
            for reason in self.reasons:
                yield Problem(
                    f"{reason} needs docker buildx, which is not installed",
                    recipe.source.where,
                    "install the package docker-buildx-plugin (Docker's) or docker-buildx"
                    " (Debian 13), so that `docker buildx version` answers",
                )
        for name, place in recipe.build.additional_contexts.items():
            if place.startswith("service:"):
                yield Problem(
                    f"build.additional_contexts.{name} is the image of another service",
                    str(recipe.build.context),
                    "name the image itself: docker-image://<name>",
                )
        if len(recipe.build.platforms) > 1:
            yield Problem(
                "build.platforms names several, but docker buildx loads only one into the engine",
                str(recipe.build.context),
                "declare one platform",
            )
        yield from buildkit_problems(recipe)

    def build(self, recipe: Recipe, labels: Mapping[str, str], on_line: OnLine) -> str:
        with tempfile.TemporaryDirectory(prefix="cosmicdeploy-") as folder:
            id_file = Path(folder) / "id"
            command = [*PROGRAM, *buildx_command(recipe, labels, Path(folder), id_file)]
            progress = PlainProgress()
            with _running(command, buildx_environment(recipe)) as process:
                for output in each_interruptible(process.stdout or ()):
                    for line in progress.lines(output):
                        on_line(line)
                with interruptible():
                    code = process.wait()
            if code:
                raise FailedBuild(progress.error or f"docker buildx ended with exit code {code}")
            return id_file.read_text(encoding="ascii").strip()


@lru_cache(maxsize=1)
def is_installed() -> bool:
    """Return whether `docker buildx version` succeeds; the result is cached."""
    with suppress(OSError, subprocess.TimeoutExpired):
        command = [*PROGRAM, "version"]
        done = subprocess.run(command, capture_output=True, timeout=_VERSION_SECONDS, check=False)
        return done.returncode == 0
    return False


@contextmanager
def _running(
    command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """Run a command during the block, and stop it if it still runs at the end of the block.

    The command gets SIGTERM, and SIGKILL after `_GRACE_SECONDS`. `stdout` of the process has the
    lines of standard output and standard error.
    """
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # so that Ctrl-C in a terminal does not reach the command
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_SECONDS)
            process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
