"""Reading how the image of a service is built."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.model import (
    Build,
    BuildSecret,
    Service,
    Stack,
)

pytestmark = pytest.mark.unit

ServiceOf = Callable[..., Service]


def test_the_keys_of_a_build_are_read(service_of: ServiceOf, tmp_path: Path) -> None:
    service = service_of(
        "build: {context: ./app, args: {A: 1, FROM_SHELL: , NO: }, target: t, labels: [a=b]}",
        FROM_SHELL="s",
    )
    assert service.build == Build(
        context=tmp_path / "Shop" / "app",
        args={"A": "1", "FROM_SHELL": "s"},
        target="t",
        labels={"a": "b"},
    )
    short = service_of("build: ../app").build
    assert short == Build(context=tmp_path / "app")


EVERY_BUILD_KEY = """
services:
  web:
    build:
      dockerfile_inline: FROM base
      additional_contexts: {base: ../base, remote: docker-image://debian}
      cache_from: [web:cache]
      cache_to: ["type=inline"]
      entitlements: [network.host]
      extra_hosts: ["a=10.0.0.1"]
      network: host
      no_cache: true
      no_cache_filter: one
      platforms: [linux/amd64]
      privileged: true
      provenance: true
      pull: true
      sbom: false
      secrets: [token, {source: word, target: key, mode: 0400}]
      shm_size: 1m
      ssh: [default, deploy=./key]
      tags: [web:other]
      ulimits: {nofile: 3}
secrets:
  token: {file: ./token.txt}
  word: {environment: WORD}
"""


def test_every_key_of_a_build_is_read(stack_of: Callable[..., Stack], tmp_path: Path) -> None:
    folder = tmp_path / "Shop"
    build = stack_of(EVERY_BUILD_KEY, WORD="hunter2").services["web"].build
    assert build == Build(
        context=folder,
        dockerfile_inline="FROM base",
        additional_contexts={"base": str(tmp_path / "base"), "remote": "docker-image://debian"},
        cache_from=("web:cache",),
        cache_to=("type=inline",),
        entitlements=("network.host",),
        extra_hosts={"a": ("10.0.0.1",)},
        network="host",
        no_cache=True,
        no_cache_filter=("one",),
        platforms=("linux/amd64",),
        privileged=True,
        provenance="true",
        pull=True,
        sbom="false",
        secrets=(
            BuildSecret(id="token", file=folder / "token.txt"),
            BuildSecret(id="key", variable="WORD", value="hunter2"),
        ),
        shm_size=1024**2,
        ssh={"default": "", "deploy": str(folder / "key")},
        tags=("web:other",),
        ulimits={"nofile": (3, 3)},
    )
    assert "hunter2" not in repr(build)
    unset = {each.name for each in fields(build) if not getattr(build, each.name)}
    no_key = {"own_folders"}
    assert unset - no_key == {"args", "labels", "target"}, "a key of Build is missing in this test"


def test_a_secret_from_a_missing_variable_is_refused_with_its_line(
    stack_of: Callable[..., Stack],
) -> None:
    with pytest.raises(ConfigError, match="needs the variable WORD, which is not set") as caught:
        stack_of(EVERY_BUILD_KEY)
    assert caught.value.where.endswith("compose.yml:19")
