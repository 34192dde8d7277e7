"""Where a stack comes from: the deployer itself, or a version of Docker Compose."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.stack.support.harness import COMPOSE_FILE, ROOT

CACHE = ROOT / ".cache"
PLUGIN = Path("cli-plugins", "docker-compose")
UP_WITHIN_SECONDS = 400


@dataclass(frozen=True)
class Origin:
    """A program that creates stacks. `docker_config` has the Compose plugin that goes with it."""

    name: str
    docker_config: Path
    compose: str = ""
    version: str = ""

    def require_version(self) -> str:
        """Return the first line of the program's version; on Debian 13 docker-compose is v2."""
        if not self.compose:
            return ""
        shown = run([self.compose, "version"], CACHE, os.environ).splitlines()[0]
        assert self.version in shown, f"{self.compose} is not {self.version}: {shown}"
        return shown

    @property
    def environ(self) -> Mapping[str, str]:
        return {"DOCKER_CONFIG": str(self.docker_config)}

    def run_compose(self, folder: Path, *words: str) -> str:
        """Run this version of Compose on the stack in `folder`; return its output."""
        return run(
            [self.compose, "-f", COMPOSE_FILE, *words], folder, {**os.environ, **self.environ}
        )


def run(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> str:
    """Run a program; raise `AssertionError` with its last lines if it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=UP_WITHIN_SECONDS,
        check=False,
    )
    output = done.stdout + done.stderr
    last = [line.strip() for line in output.splitlines() if line.strip()][-3:]
    assert done.returncode == 0, f"exit code {done.returncode}: {' / '.join(reversed(last))}"
    return output


def plugin(config: str) -> str:
    return str(CACHE / config / PLUGIN)


ORIGINS = {
    origin.name: origin
    for origin in (
        Origin("cosmicdeploy", CACHE / "docker-config"),
        # Without a plugin, so that the deployer asks docker-compose for its hashes.
        Origin("Compose 1.29.2", Path("/nonexistent"), "docker-compose", "1.29.2"),
        Origin("Compose 2.26.1", CACHE / "docker-config", plugin("docker-config"), "2.26.1"),
        Origin("newest v2", CACHE / "docker-config-newest", plugin("docker-config-newest")),
    )
}
