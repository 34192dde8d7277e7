"""Where a stack comes from: the deployer itself, or a version of Docker Compose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.stack.support.harness import ROOT, StackUnderTest
from tests.stack.support.processes.programs import run_program

CACHE = ROOT / ".cache"
PLUGIN = Path("cli-plugins", "docker-compose")
DEPLOYER = "cosmicdeploy"


@dataclass(frozen=True)
class Origin:
    """Who creates a stack, and the Compose that looks at it after each deploy.

    `docker_config` has the Compose plugin that goes with it; `version` is part of what `compose`
    prints as its own.
    """

    name: str
    docker_config: Path
    compose: str
    version: str = ""

    @property
    def creates(self) -> bool:
        """Whether Compose creates the stack, instead of the deployer."""
        return self.name != DEPLOYER

    def require_version(self) -> str:
        """Return the first line of Compose's version; on Debian 13 docker-compose is v2."""
        shown = run_program([self.compose, "version"], CACHE).splitlines()[0]
        assert self.version in shown, f"{self.compose} is not {self.version}: {shown}"
        return shown if self.creates else ""

    @property
    def is_installed(self) -> bool:
        """Whether this version of Compose is on this machine."""
        try:
            self.require_version()
        except (OSError, AssertionError):
            return False
        return True

    @property
    def environ(self) -> Mapping[str, str]:
        return {"DOCKER_CONFIG": str(self.docker_config)}

    def run_compose(self, stack: StackUnderTest, *words: str) -> str:
        """Run this version of Compose on a stack; return its output."""
        return stack.compose(*words, program=self.compose, **self.environ)


def plugin(config: str) -> str:
    return str(CACHE / config / PLUGIN)


ORIGINS = {
    origin.name: origin
    for origin in (
        Origin(DEPLOYER, CACHE / "docker-config", plugin("docker-config"), "2.26.1"),
        # Without a plugin, so that the deployer asks docker-compose for its hashes.
        Origin("Compose 1.29.2", Path("/nonexistent"), "docker-compose", "1.29.2"),
        Origin("Compose 2.26.1", CACHE / "docker-config", plugin("docker-config"), "2.26.1"),
        Origin("newest v2", CACHE / "docker-config-newest", plugin("docker-config-newest")),
    )
}
