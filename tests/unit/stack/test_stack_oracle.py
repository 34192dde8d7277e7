"""A realistic compose file is read by cosmicdeploy as by docker-compose 1.29.2."""

import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.model import Mount, Port, Service, Stack

pytestmark = pytest.mark.unit

DATA = Path(__file__).parent / "data"
NAME = "docker-compose.prod.yml"
ENVIRON = {"SUFFIX": "test", "TZ": "Asia/Jakarta", "APP_VERSION": "2.1.0", "HOME": "/root"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder, with the build context that docker-compose requires."""
    folder = tmp_path_factory.mktemp("kiosk")
    (folder / "cosmic-media-streaming-dpr").mkdir()
    shutil.copy(DATA / NAME, folder / NAME)
    shutil.copy(DATA / "production.env", folder / ".env")
    return folder


@pytest.fixture(scope="module")
def stack(directory: Path) -> Stack:
    return read_stack(
        directory / NAME, env_file=directory / ".env", environ=ENVIRON, project="kiosk"
    )


@pytest.fixture(scope="module")
def oracle(directory: Path) -> dict[str, Any]:
    """The file as docker-compose reads it, without an engine."""
    done = subprocess.run(
        ["docker-compose", "-f", NAME, "config"],
        cwd=directory,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **ENVIRON},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = yaml.safe_load(done.stdout)
    assert isinstance(shown, dict)
    return shown


def test_all_eight_services_are_read_as_docker_compose_reads_them(
    stack: Stack, oracle: dict[str, Any]
) -> None:
    assert len(stack.services) == 8
    here = {name: comparable(service) for name, service in stack.services.items()}
    by_compose = {name: normalised(service) for name, service in oracle["services"].items()}
    assert here == by_compose


def test_networks_and_volumes_are_read_as_docker_compose_reads_them(
    stack: Stack, oracle: dict[str, Any]
) -> None:
    assert set(stack.volumes) == set(oracle["volumes"])
    subnets = {
        key: tuple(part["subnet"] for part in each["ipam"]["config"])
        for key, each in oracle["networks"].items()
    }
    assert {key: each.subnets for key, each in stack.networks.items()} == subnets


def test_keys_that_docker_compose_does_not_show_are_read(stack: Stack) -> None:
    app, nginx = stack.services["cosmic-app-1"], stack.services["platform-nginx"]
    assert app.stop_grace_period == 90.0
    assert app.environment["DB_PASSWORD"] == 'pa"$$\\# wörd'
    assert app.environment["PRICE"] == "$5 and ${NOT_A_VARIABLE}"
    assert app.environment["QUIET"] == "22:22"
    assert app.build is not None
    assert app.build.args == {"APP_VERSION": "2.1.0", "BASE_IMAGE": "python:3.11-slim"}
    assert app.log_options == {"max-size": "10m", "max-file": "3"}
    assert nginx.ports == (Port(target=80, published=9090, host_ip="127.0.0.1"),)
    assert stack.networks["platform"].name == "kiosk_platform"


def comparable(service: Service) -> dict[str, Any]:
    """Return the keys of a service that docker-compose shows too."""
    return {
        "image": service.image,
        "container_name": service.container_name,
        "environment": dict(service.environment),
        "command": service.command,
        "user": service.user,
        "restart": service.restart,
        "labels": dict(service.labels),
        "depends_on": {name: each.condition for name, each in service.depends_on.items()},
        "volumes": {mount_text(mount) for mount in service.mounts},
        "ports": [f"{p.host_ip}:{p.published}:{p.target}/{p.protocol}" for p in service.ports],
        "addresses": {each.ipv4_address for each in service.networks},
        "test": service.healthcheck.test if service.healthcheck else (),
        "build_args": dict(service.build.args) if service.build else {},
        "context": str(service.build.context) if service.build else None,
    }


def mount_text(mount: Mount) -> str:
    source = mount.source.removeprefix("kiosk_")
    return f"{source}:{mount.target}:{'ro' if mount.read_only else 'rw'}"


def normalised(shown: dict[str, Any]) -> dict[str, Any]:
    """Return the same keys from docker-compose's output, in which every `$` is doubled."""
    build = shown.get("build", {})
    return {
        "image": shown["image"],
        "container_name": shown["container_name"],
        "environment": {k: plain(v) for k, v in shown.get("environment", {}).items()},
        "command": words(shown.get("command")),
        "user": shown.get("user"),
        "restart": shown.get("restart", "no"),
        "labels": shown.get("labels", {}),
        "depends_on": {k: v["condition"] for k, v in shown.get("depends_on", {}).items()},
        "volumes": set(shown.get("volumes", [])),
        "ports": shown.get("ports", []),
        "addresses": {(each or {}).get("ipv4_address") for each in shown["networks"].values()},
        "test": health_test(shown.get("healthcheck", {}).get("test", [])),
        "build_args": {k: plain(v) for k, v in build.get("args", {}).items()},
        "context": build.get("context"),
    }


def plain(value: object) -> str:
    return str(value).replace("$$", "$")


def words(command: str | list[str] | None) -> tuple[str, ...] | None:
    if command is None:
        return None
    return tuple(shlex.split(command) if isinstance(command, str) else command)


def health_test(shown: str | list[str]) -> tuple[str, ...]:
    return ("CMD-SHELL", plain(shown)) if isinstance(shown, str) else tuple(shown)
