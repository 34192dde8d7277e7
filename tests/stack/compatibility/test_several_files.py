"""A stack of several files, of which Compose v2 makes one, is deployed like any other."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from cosmicdeploy.engine import labels
from tests.stack.stacks.one_app import OneApp, stack_of_kind
from tests.stack.support.harness import COMPOSE_FILE, COMPOSE_V2

pytestmark = pytest.mark.stack

OVER = """\
services:
  app:
    ports: !override ["127.0.0.1::8000"]
  debug: {profiles: [debug]}
"""
COMMON = "services:\n  base: {environment: {LOG_LEVEL: info}}\n"


@dataclass(frozen=True)
class SeveralFiles(OneApp):
    """`.env` names the compose file and over.yml; `app` extends a service of common.yml."""

    def write(self, release: str = "1") -> None:
        """Write the files; `debug` has a profile that is not active."""
        super().write(release)
        app = yaml.safe_load((self.folder / COMPOSE_FILE).read_text())["services"]["app"]
        app |= {"extends": {"file": "common.yml", "service": "base"}, "ports": ["9229:9229"]}
        services = {"app": app, "debug": {"image": "none/such"}}
        (self.folder / COMPOSE_FILE).write_text(yaml.safe_dump({"services": services}))
        (self.folder / "over.yml").write_text(OVER)
        (self.folder / "common.yml").write_text(COMMON)
        with (self.folder / ".env").open("a") as env:
            env.write(f"COMPOSE_FILE={COMPOSE_FILE}:over.yml\n")

    def compose(self, *words: str) -> str:
        """Run Compose v2, which finds the files as cosmicdeploy does."""
        done = subprocess.run(
            [str(COMPOSE_V2), *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def up(tmp_path: Path) -> Iterator[SeveralFiles]:
    with stack_of_kind(tmp_path, SeveralFiles) as stack:
        done = stack.cli("up", "--json")
        assert done.code == 0, done.stdout
        yield stack


def test_several_files_with_profiles_are_one_stack(up: SeveralFiles) -> None:
    container = up.open().running("app")
    files = f"{up.folder}/{COMPOSE_FILE},{up.folder}/over.yml"
    assert container.labels[labels.CONFIG_FILES] == files
    status = up.cli("status", "--json")
    assert [row["service"] for row in status.report["data"]] == ["app"]
    assert "debug" not in status.stdout, "a service without an active profile does not exist"
    assert up.cli("deploy", "--json").report["outcome"] == "unchanged"

    (up.folder / "common.yml").write_text(COMMON.replace("info", "warning"))
    assert "environment.LOG_LEVEL" in up.cli("deploy", "--plan").stdout
    up.write(release="2")
    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stdout
    assert up.answering_release() == "2"
    before = up.app_id()
    up.compose("up", "-d")
    assert up.app_id() == before, "Compose finds nothing to recreate"

    refused = up.cli("status", PATH="/nonexistent")
    assert refused.code == 2
    assert "only Docker Compose v2 resolves" in refused.stderr
