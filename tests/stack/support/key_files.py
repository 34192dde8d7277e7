"""Projects with containers that Compose or the deployer created from a file with many keys."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from cosmicdeploy.engine import Engine, labels
from cosmicdeploy.engine.containers.compose_tool import config_hashes
from cosmicdeploy.engine.containers.creation.hash_override import hash_override, source_overrides
from cosmicdeploy.engine.containers.differences import declared_engine_keys
from cosmicdeploy.engine.facts import Difference
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.model import Service, Stack
from tests.stack.support.harness import COMPOSE_V2, IMAGES

BASES = dict(line.split("=") for line in IMAGES.read_text().split()) if IMAGES.is_file() else {}


@dataclass(frozen=True)
class Project:
    """A compose file with containers created from it; `started` are the services that run."""

    folder: Path
    engine: Engine
    source: Path
    started: Sequence[str] = ()

    @property
    def file(self) -> Path:
        return self.folder / "docker-compose.yml"

    @property
    def environ(self) -> dict[str, str]:
        return {
            "PROJECT": self.folder.name,
            "IMAGE": BASES["NGINX_IMAGE"],
            "OTHER_IMAGE": BASES["REDIS_IMAGE"],
            "HOME": "/root",
            "WORD": "hunter2",
        }

    def read(self) -> Stack:
        return read_stack(self.file, env_file=self.folder / ".env", environ=self.environ)

    def write(self, *changes: tuple[str, str]) -> None:
        """Write the file, with these changes (pattern, replacement), each of one place."""
        text = self.source.read_text()
        for pattern, new in changes:
            text, count = re.subn(pattern, new, text, count=1, flags=re.MULTILINE)
            assert count, pattern
        self.file.write_text(text)

    def differences(self, name: str) -> list[Difference]:
        service = self.read().services[name]
        container = self.engine.container(service.container_name)
        assert container is not None
        return self.engine.differences(container.id, service)

    def ids(self) -> dict[str, str]:
        return {c.name: c.id for c in self.engine.containers(self.folder.name)}

    def compose(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [program, *words],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], **self.environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def made_by_compose(program: str, *create: str) -> Callable[[Project], None]:
    def make(project: Project) -> None:
        project.compose(program, *create)
        if project.started:
            project.compose(program, "start", *project.started)

    return make


def made_by_us(project: Project) -> None:
    stack = project.read()
    for network in stack.networks.values():
        project.engine.ensure_network(network, stack.project)
    for volume in stack.volumes.values():
        project.engine.ensure_volume(volume, stack.project)
    for service in stack.services.values():
        made = project.engine.create(
            service,
            name=service.container_name,
            image=service.image,
            labels=_labels(project, stack, service),
        )
        if service.name in project.started:
            project.engine.start(made)


def _labels(project: Project, stack: Stack, service: Service) -> dict[str, str]:
    image = project.engine.image(service.image)
    assert image is not None
    pairs = [(service, project.engine.resolved(service, stack.project))]
    default = stack.networks.get("default")
    sources = source_overrides(pairs, default.name if default else "")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in project.environ.items():
            patch.setenv(name, value)
        hashes = config_hashes(stack.compose_files, (), hash_override(pairs), sources)
    return {
        labels.PROJECT: stack.project,
        labels.SERVICE: service.name,
        labels.NUMBER: "1",
        labels.ONEOFF: "False",
        labels.VERSION: labels.COMPOSE_VERSION,
        labels.IMAGE: image.id,
        labels.CONFIG_HASH: hashes[service.name],
        labels.DECLARED_ENGINE_KEYS: declared_engine_keys(service),
    }


COMPOSE_1 = made_by_compose("docker-compose", "up", "--no-start")
COMPOSE_2 = made_by_compose(str(COMPOSE_V2), "create")
