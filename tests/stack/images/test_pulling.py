"""Pull from a real registry: progress, credentials, and every reason why it fails."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from cosmicdeploy.engine import Engine
from cosmicdeploy.engine.registry.pull import pull
from cosmicdeploy.errors import PullFailed
from cosmicdeploy.stack.model import Build
from tests.stack.support.network.registry import PASSWORD, USER, Registry, free_port
from tests.stack.support.network.stalling import stalling

pytestmark = pytest.mark.stack

REPOSITORY = "shop/app"
HELPER = """#!/bin/sh
[ "$1" = get ] && read host
echo '{{"ServerURL": "'$host'", "Username": "{user}", "Secret": "{password}"}}'
"""


def quiet(_line: str) -> None: ...


@pytest.fixture
def without(engine: Engine) -> Iterator[list[str]]:
    """Names that the test pulls; they are removed from the engine after it."""
    names: list[str] = []
    yield names
    for name in names:
        engine.untag(name)


def test_a_pull_shows_its_progress_and_returns_the_image_with_its_digest(
    engine: Engine, registry: Registry, without: list[str]
) -> None:
    image_id, digest = registry.push_noise(REPOSITORY, "1")
    name, lines = registry.name(REPOSITORY, "1"), list[str]()
    without.append(name)
    assert engine.registry_digest(name) == digest
    image = engine.pull(name, lines.append)
    assert (image.id, image.digests) == (image_id, (f"{registry.host}/{REPOSITORY}@{digest}",))
    assert image.tagged_at
    assert any("of 3.0 MB pulled" in line for line in lines), lines
    again = engine.pull(f"{registry.host}/{REPOSITORY}@{digest}", quiet)
    assert again.id == image_id


def test_a_missing_tag_is_named(engine: Engine, registry: Registry) -> None:
    registry.push_noise(REPOSITORY, "1")
    name = registry.name(REPOSITORY, "none")
    for asking in (lambda: engine.pull(name, quiet), lambda: engine.registry_digest(name)):
        with pytest.raises(PullFailed, match=f"has no {name}") as caught:
            asking()
        assert "push the image, or correct its tag" in caught.value.todo


def test_missing_credentials_are_named_with_the_command_that_adds_them(
    engine: Engine, closed_registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    name = closed_registry.name(REPOSITORY, "1")
    for asking in (lambda: engine.pull(name, quiet), lambda: engine.registry_digest(name)):
        with pytest.raises(PullFailed, match="wants other credentials") as caught:
            asking()
        assert f"docker login {closed_registry.host}" in caught.value.todo
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(PullFailed) as caught:
        engine.pull(name, quiet)
    assert "config.json cannot be read" in caught.value.details[-1]


def test_credentials_come_from_the_configuration_or_its_helper(
    engine: Engine,
    closed_registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    without: list[str],
) -> None:
    image_id, digest = closed_registry.push_noise(REPOSITORY, "1")
    name = closed_registry.name(REPOSITORY, "1")
    without.append(name)
    monkeypatch.setenv("DOCKER_CONFIG", str(closed_registry.docker_config(tmp_path / "auths")))
    assert engine.pull(name, quiet).id == image_id
    helper = tmp_path / "docker-credential-cosmictest"
    helper.write_text(HELPER.format(user=USER, password=PASSWORD))
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    for key in (
        {"credHelpers": {closed_registry.host: "cosmictest"}},
        {"credsStore": "cosmictest"},
    ):
        (tmp_path / "config.json").write_text(json.dumps(key))
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        assert engine.registry_digest(name) == digest
    helper.unlink()
    with pytest.raises(PullFailed, match=r"credentials for .* cannot be read"):
        engine.pull(name, quiet)


def test_an_unreachable_registry_is_named(engine: Engine) -> None:
    host = f"127.0.0.1:{free_port()}"
    with pytest.raises(PullFailed, match=f"{host} does not answer"):
        engine.pull(f"{host}/{REPOSITORY}:1", quiet)
    assert engine.registry_digest(f"{host}/{REPOSITORY}:1") == "", "a pull might fail or not"


def test_an_error_in_the_stream_of_a_good_answer_is_an_error(
    engine: Engine, registry: Registry
) -> None:
    registry.push_noise("shop/broken", "1")
    registry.spoil_layers()
    with pytest.raises(PullFailed, match="cannot be pulled"):
        engine.pull(registry.name("shop/broken", "1"), quiet)


def test_a_pull_that_no_longer_makes_progress_is_ended(registry: Registry) -> None:
    registry.push_noise("shop/stuck", "1")
    lines = list[str]()
    client = docker.from_env()
    with stalling(registry.host) as relay:
        started = time.monotonic()
        with pytest.raises(PullFailed, match="reported no progress for 1 s"):
            pull(client.api, f"{relay.host}/shop/stuck:1", lines.append, silence=1.0)
        assert relay.stalled.is_set()
        assert time.monotonic() - started < 10
    client.close()
    assert lines[0].startswith("pulling ")


def test_a_missing_base_image_is_pulled_or_named_with_its_dockerfile(
    engine: Engine, registry: Registry, tmp_path: Path, without: list[str]
) -> None:
    registry.push_noise("shop/base", "1")
    name = registry.name("shop/base", "1")
    without.append(name)
    (tmp_path / "Dockerfile").write_text(f"FROM {name}\n")
    engine.pull_bases(Build(context=tmp_path), quiet)
    assert engine.image(name)
    (tmp_path / "Dockerfile").write_text(f"FROM {name}-missing\n")
    with pytest.raises(PullFailed, match=f"has no {name}-missing") as caught:
        engine.pull_bases(Build(context=tmp_path), quiet)
    assert caught.value.where.endswith("/Dockerfile")
