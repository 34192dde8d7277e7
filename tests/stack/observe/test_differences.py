"""Drift of containers created by Compose and by the deployer, from their file and changed ones."""

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
from cosmicdeploy.engine.containers.differences import declared_engine_keys
from cosmicdeploy.engine.facts import Difference
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.model import Stack
from tests.stack.support.harness import COMPOSE_V2, IMAGES

pytestmark = pytest.mark.stack

FILE = Path(__file__).with_name("every_key.yml")
# Not every machine lets a privileged container start; 1.29 joins further networks at the start.
STARTED = ("bare", "other")
BASES = dict(line.split("=") for line in IMAGES.read_text().split()) if IMAGES.is_file() else {}


@dataclass(frozen=True)
class Project:
    """A compose file with containers created from it."""

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


def made_by_compose(program: str, *create: str) -> Callable[[Project], None]:
    def make(project: Project) -> None:
        environ = {"PATH": os.environ["PATH"], **project.environ}
        for words in (create, ("start", *STARTED)):
            done = subprocess.run(
                [program, *words],
                cwd=project.folder,
                env=environ,
                capture_output=True,
                text=True,
                check=False,
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
        marks = {
            labels.PROJECT: stack.project,
            labels.DECLARED_ENGINE_KEYS: declared_engine_keys(service),
        }
        made = project.engine.create(
            service,
            name=service.container_name,
            image=service.image,
            labels=marks,
        )
        if service.name in STARTED:
            project.engine.start(made)


MAKERS = {
    "ours": made_by_us,
    "compose-1.29": made_by_compose("docker-compose", "up", "--no-start"),
    "compose-2": made_by_compose(str(COMPOSE_V2), "create"),
}


@pytest.fixture(scope="module", params=MAKERS)
def project(
    request: pytest.FixtureRequest, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("keys") / request.param / f"drift-{uuid4().hex[:6]}"
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
def test_a_container_has_no_drift_from_the_file_it_was_created_from(
    project: Project, name: str
) -> None:
    assert project.differences(name) == []


def test_every_change_of_the_file_is_named_by_its_key(project: Project) -> None:
    project.write(
        (r"A: \"1\"", 'A: "2", NEW: x'),
        (r"SECRET: \"hunter2 hunter2\", ", ""),
        ("/data:ro", "/data"),
        (r"^      - named:/named\n", ""),
        ("interval: 1m30s", "interval: 10s"),
        ("retries: 4", "retries: 5"),
        ("mem_limit: 128m", "mem_limit: 256m"),
        (r"    cpus: 0.3\n", ""),
        (r"aliases: \[other\]", "aliases: [other, more]"),
        (r"nproc: 5000", "nproc: 6000"),
        (r"^    hostname: .*\n", ""),
        (r"\[NET_ADMIN\]", "[SYS_TIME]"),
        ('"sleep", "300"', '"sleep", "301"'),
    )
    data = project.folder / "data"
    network = f"networks.{project.folder.name}_one.aliases"
    assert [told(each) for each in project.differences("full")] == [
        ("cap_add.NET_ADMIN", "removed", "", None),
        ("cap_add.SYS_TIME", "added", None, ""),
        ("command", "changed", None, None),
        ("cpus", "removed", "0.3", None),
        ("environment.A", "changed", None, None),
        ("environment.NEW", "added", None, None),
        ("environment.SECRET", "removed", None, None),
        ("healthcheck.interval", "changed", "90s", "10s"),
        ("healthcheck.retries", "changed", "4", "5"),
        ("hostname", "removed", "full.example", None),
        ("mem_limit", "changed", "128m", "256m"),
        ("mounts./data", "changed", f"{data} (read-only)", f"{data}"),
        ("mounts./named", "removed", f"volume {project.folder.name}_named", None),
        (network, "changed", "other", "more, other"),
        ("ulimits.nproc", "changed", "5000:5000", "6000:6000"),
    ]


def test_the_images_value_applies_again_once_the_file_drops_the_key(project: Project) -> None:
    project.write((r"^    entrypoint: .*\n", ""), (r", DEBIAN_FRONTEND: mine", ""))
    found = {each.key: each.change for each in project.differences("full")}
    assert found == {"entrypoint": "changed", "environment.DEBIAN_FRONTEND": "changed"}


def test_a_default_of_the_engine_is_named_where_it_is_known(project: Project) -> None:
    """For containers that Compose created it is unknown whether the file set the value."""
    project.write((r"^    shm_size: .*\n", ""), (r"max-size: 1m", "max-file: 1m"))
    found = {each.key: each.change for each in project.differences("full")}
    ours = {"shm_size": "removed", "logging.options.max-size": "removed"}
    known = ours if project.folder.parent.name == "ours" else {}
    assert found == {"logging.options.max-file": "added", **known}


def told(each: Difference) -> tuple[str, str, str | None, str | None]:
    return each.key, each.change, each.old, each.new
