"""Containers of every maker against the file they were made from, and against changed ones."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from cosmicdeploy.engine import Engine, labels
from cosmicdeploy.engine.differences import given
from cosmicdeploy.engine.model import Difference
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.model import Stack
from tests.stack.harness import COMPOSE_V2, IMAGES

pytestmark = pytest.mark.stack

FILE = Path(__file__).with_name("every_key.yml")
BASES = dict(line.split("=") for line in IMAGES.read_text().split()) if IMAGES.is_file() else {}


@dataclass(frozen=True)
class Project:
    """A compose file with containers made from it, none started."""

    folder: Path
    engine: Engine

    @property
    def environ(self) -> dict[str, str]:
        return {
            "PROJECT": self.folder.name,
            "IMAGE": BASES["NGINX_IMAGE"],
            "OTHER_IMAGE": BASES["REDIS_IMAGE"],
            "HOME": "/root",
        }

    def read(self) -> Stack:
        file = self.folder / "docker-compose.yml"
        return read_stack(file, env_file=self.folder / ".env", environ=self.environ)

    def write(self, *changes: tuple[str, str]) -> None:
        text = FILE.read_text()
        for pattern, new in changes:
            text, count = re.subn(pattern, new, text, count=1, flags=re.MULTILINE)
            assert count, pattern
        (self.folder / "docker-compose.yml").write_text(text)

    def differences(self, name: str) -> list[Difference]:
        service = self.read().services[name]
        container = self.engine.container(service.container_name)
        assert container is not None
        return self.engine.differences(container.id, service)


def made_by_compose(*command: str) -> Callable[[Project], None]:
    def make(project: Project) -> None:
        environ = {"PATH": os.environ["PATH"], **project.environ}
        done = subprocess.run(
            command, cwd=project.folder, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    return make


def made_by_us(project: Project) -> None:
    stack = project.read()
    for network in stack.networks.values():
        project.engine.ensure_network(network, stack.project)
    for volume in stack.volumes.values():
        project.engine.ensure_volume(volume, stack.project)
    for service in stack.services.values():
        marks = {labels.PROJECT: stack.project, labels.GIVEN: given(service)}
        project.engine.create(
            service,
            name=service.container_name,
            image=service.image,
            project=stack.project,
            labels=marks,
        )


MAKERS = {
    "ours": made_by_us,
    "compose-1.29": made_by_compose("docker-compose", "up", "--no-start"),
    "compose-2": made_by_compose(str(COMPOSE_V2), "create"),
}


@pytest.fixture(scope="module", params=MAKERS)
def project(
    request: pytest.FixtureRequest, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("keys") / f"drift-{uuid4().hex[:6]}"
    (folder / "data").mkdir(parents=True)
    (folder / "every_key.env").write_text("FROM_FILE=yes\n")
    shutil.copy(FILE, folder / "docker-compose.yml")
    found = Project(folder, engine)
    try:
        MAKERS[request.param](found)
        yield found
    finally:
        engine.remove_project(folder.name)


@pytest.fixture(autouse=True)
def unchanged_file(project: Project) -> None:
    project.write()


@pytest.mark.parametrize("name", ["full", "bare", "other"])
def test_a_container_does_not_differ_from_what_it_was_made_from(
    project: Project, name: str
) -> None:
    assert project.differences(name) == []
