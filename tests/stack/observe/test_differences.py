"""Drift of containers created by Compose and by the deployer, from their file and changed ones."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from cosmicdeploy.engine import Engine
from cosmicdeploy.engine.facts import Difference
from tests.stack.support.key_files import COMPOSE_1, COMPOSE_2, Project, made_by_us

pytestmark = pytest.mark.stack

FILE = Path(__file__).with_name("every_key.yml")
# Not every machine lets a privileged container start; 1.29 joins further networks at the start.
STARTED = ("bare", "other")


MAKERS = {"ours": made_by_us, "compose-1.29": COMPOSE_1, "compose-2": COMPOSE_2}


@pytest.fixture(scope="module", params=MAKERS)
def project(
    request: pytest.FixtureRequest, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("keys") / request.param / f"drift-{uuid4().hex[:6]}"
    (folder / "data").mkdir(parents=True)
    (folder / "every_key.env").write_text("FROM_FILE=yes\n")
    shutil.copy(FILE, folder / "docker-compose.yml")
    found = Project(folder, engine, FILE, STARTED)
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
    assert [as_tuple(each) for each in project.differences("full")] == [
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


def as_tuple(each: Difference) -> tuple[str, str, str | None, str | None]:
    return each.key, each.change, each.old, each.new
