"""Which builder builds an image, and what it refuses beforehand."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.engine.building.builders.buildx import buildx
from cosmicdeploy.engine.building.builders.buildx.buildx_command import (
    buildx_command,
    buildx_environment,
)
from cosmicdeploy.engine.building.builders.choice import builder_for
from cosmicdeploy.engine.building.builders.protocol import Builder
from cosmicdeploy.engine.building.engine_facts import is_buildkit_off
from cosmicdeploy.engine.building.failures import build_failed
from cosmicdeploy.engine.building.frontend import frontend
from cosmicdeploy.engine.building.recipe import Recipe
from cosmicdeploy.errors import ConfigError, Refused
from cosmicdeploy.stack.model import BuildSecret
from tests.unit.engine.building.recipes import ENGINE_20, recipe

pytestmark = pytest.mark.unit

ANY = "FROM a\nCOPY . /x\n"


def builder(of: Recipe) -> Builder:
    return builder_for(None, of)  # type: ignore[arg-type] - it asks the engine nothing


@pytest.mark.parametrize(
    ("text", "keys", "name"),
    [
        (ANY, {}, "BuildKit"),
        ("# syntax=docker/dockerfile:1\n" + ANY, {}, "BuildKit"),
        (ANY, {"platforms": ("linux/arm64",)}, "BuildKit"),
        (ANY, {"platforms": ("linux/arm64", "linux/amd64")}, "BuildKit"),
        (ANY, {"cache_from": ("a:1", "b")}, "BuildKit"),
        (ANY, {"provenance": "false", "sbom": "false"}, "BuildKit"),
        ("FROM a\nRUN --mount=type=secret,id=x ls\n", {}, "docker buildx"),
        ("FROM a\nRUN --mount=type=ssh ls\n", {}, "docker buildx"),
        ("FROM a AS x\nRUN --mount=type=ssh ls\nFROM b\n", {}, "BuildKit"),
        (ANY, {"secrets": (BuildSecret(id="x", file=Path("/x")),)}, "docker buildx"),
        (ANY, {"ssh": {"default": ""}}, "docker buildx"),
        (ANY, {"additional_contexts": {"x": "/x"}}, "docker buildx"),
        (ANY, {"cache_to": ("type=local,dest=/x",)}, "docker buildx"),
        (ANY, {"cache_from": ("type=local,src=/x",)}, "docker buildx"),
        (ANY, {"provenance": "mode=max"}, "docker buildx"),
        ("FROM a\nADD $X /x\n", {"dockerfile_inline": "FROM a\nADD $X /x\n"}, "docker buildx"),
    ],
)
def test_buildx_builds_only_what_needs_a_client(
    tmp_path: Path, text: str, keys: dict[str, Any], name: str
) -> None:
    assert builder(recipe(tmp_path, text, **keys)).name == name
    assert builder(recipe(tmp_path, text, classic=True, **keys)).name == "the classic builder"


def refused(of: Recipe) -> Refused:
    with pytest.raises(Refused) as caught:
        builder(of).require_buildable(of)
    return caught.value


def test_without_the_plugin_it_is_named_with_what_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buildx, "is_installed", lambda: False)
    text = "FROM a\nRUN --mount=type=secret,id=x ls\n"
    error = refused(recipe(tmp_path, text, ssh={"default": ""}))
    assert "build.ssh needs docker buildx, which is not installed" in error.what
    assert "docker-buildx-plugin" in error.todo
    assert "RUN --mount=type=secret" in error.details[0] and ":2" in error.details[0]


def test_without_the_plugin_a_dockerfile_that_would_be_copied_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buildx, "is_installed", lambda: False)
    (tmp_path / ".dockerignore").write_text("Dockerfile\n")
    error = refused(recipe(tmp_path, "FROM a\n", triggers=("COPY . /app",)))
    assert "ONBUILD COPY . /app of a (it would copy the Dockerfile" in error.what


@pytest.mark.parametrize(
    ("text", "keys", "what"),
    [
        ("FROM a\nRUN <<EOF\nls\nEOF\n", {}, "here-document EOF of RUN needs Engine 23"),
        ("FROM a AS x\nCOPY --link a /a\nFROM b\n", {}, "COPY --link needs Engine 23"),
        ("FROM a\nRUN --network=none ls\n", {}, "RUN --network needs Engine 23"),
        ("FROM a\nADD https://x/y.git /y\n", {}, "Git repository needs Engine 25"),
        (ANY, {"shm_size": 1}, "build.shm_size is ignored by BuildKit before Engine 23"),
        (ANY, {"ulimits": {"nofile": (1, 1)}}, "build.ulimits is ignored"),
    ],
)
def test_what_the_frontend_of_an_old_engine_does_not_know_is_refused(
    tmp_path: Path, text: str, keys: dict[str, Any], what: str
) -> None:
    assert what in refused(recipe(tmp_path, text, ENGINE_20, **keys)).what
    newer = recipe(tmp_path, text, **keys)
    builder(newer).require_buildable(newer)


def test_blanks_around_the_name_of_a_frontend_do_not_count(tmp_path: Path) -> None:
    named = recipe(tmp_path, ANY, args={"BUILDKIT_SYNTAX": " shop/frontend:1 strict"})
    assert frontend(named).image == "shop/frontend:1"


def test_a_syntax_line_brings_its_own_frontend(tmp_path: Path) -> None:
    text = "# syntax=docker/dockerfile:1\nFROM a\nRUN <<EOF\nls\nEOF\n"
    old = recipe(tmp_path, text, ENGINE_20)
    builder(old).require_buildable(old)


@pytest.mark.parametrize(
    "keys", [{"network": "shop_net"}, {"privileged": True}, {"entitlements": ("network.host",)}]
)
def test_what_buildkit_would_ignore_is_refused(tmp_path: Path, keys: dict[str, Any]) -> None:
    assert next(iter(keys)) in refused(recipe(tmp_path, ANY, **keys)).what


@pytest.mark.parametrize(
    "keys",
    [
        {"secrets": (BuildSecret(id="x", file=Path("/x")),)},
        {"ssh": {"default": ""}},
        {"platforms": ("linux/arm64",)},
        {"additional_contexts": {"x": "/x"}},
        {"provenance": "true"},
    ],
)
def test_what_the_classic_builder_would_ignore_is_refused(
    tmp_path: Path, keys: dict[str, Any]
) -> None:
    assert f"build.{next(iter(keys))}" in refused(recipe(tmp_path, ANY, classic=True, **keys)).what


def values(option: str, command: Sequence[str]) -> list[str]:
    pairs = itertools.pairwise(command)
    return [value for name, value in pairs if name == option]


def test_secrets_are_never_in_the_command_line(tmp_path: Path) -> None:
    secrets = (
        BuildSecret(id="file", file=Path("/run/token")),
        BuildSecret(id="value", variable="TOKEN", value="hidden-1"),
    )
    args = {"KEY": "hidden-2", "PATH": "/bin", "HTTP_PROXY": "hidden-3"}
    built = recipe(tmp_path, ANY, secrets=secrets, args=args, platforms=("linux/amd64",))
    command = buildx_command(built, {"x": "y"}, tmp_path, tmp_path / "id")
    environment = buildx_environment(built)
    assert "hidden" not in " ".join(command)
    assert values("--build-arg", command) == ["KEY", "PATH=/bin", "HTTP_PROXY"]
    assert values("--secret", command) == [
        "id=file,src=/run/token",
        "id=value,env=COSMICDEPLOY_BUILD_SECRET_1",
    ]
    assert environment == {
        "KEY": "hidden-2",
        "HTTP_PROXY": "hidden-3",
        "COSMICDEPLOY_BUILD_SECRET_1": "hidden-1",
    }
    assert values("--platform", command) == ["linux/amd64"]
    assert command[-1] == str(tmp_path)


@pytest.mark.parametrize(
    ("value", "is_off"), [("0", True), ("false", True), ("1", False), ("", False)]
)
def test_buildkit_can_be_turned_off(
    monkeypatch: pytest.MonkeyPatch, value: str, is_off: bool
) -> None:
    monkeypatch.setenv("DOCKER_BUILDKIT", value)
    assert is_buildkit_off() == is_off
    monkeypatch.setenv("DOCKER_BUILDKIT", "off")
    with pytest.raises(ConfigError, match="DOCKER_BUILDKIT=off"):
        is_buildkit_off()


@pytest.mark.parametrize(
    "reason",
    [
        "failed to solve with frontend gateway.v0: failed to do request: Head"
        ' "https://registry.example/v2/docker/dockerfile/manifests/1": no such host',
        "docker/dockerfile:1: failed to resolve source metadata for docker.io/docker/dockerfile:1",
    ],
)
def test_a_frontend_that_cannot_be_pulled_is_named(tmp_path: Path, reason: str) -> None:
    built = recipe(tmp_path, "# a\n# syntax = docker/dockerfile:1\nFROM a\n")
    assert "syntax" not in build_failed(built, "x", reason, ()).todo
    built = recipe(tmp_path, "# syntax = docker/dockerfile:1\nFROM a\n")
    error = build_failed(built, "x", reason, ("last",))
    assert "its frontend docker/dockerfile:1 cannot be pulled" in error.what
    assert error.where.endswith("Dockerfile:1") and "docker pull" in error.todo
    assert "'# syntax='" in error.todo


def test_a_frontend_of_a_build_argument_is_named_as_such(tmp_path: Path) -> None:
    args = {"BUILDKIT_SYNTAX": "registry.example/dockerfile:1"}
    reason = "registry.example/dockerfile:1: failed to resolve source metadata"
    for text in ("FROM a\n", "# syntax=docker/dockerfile:1\nFROM a\n"):
        error = build_failed(recipe(tmp_path, text, args=args), "x", reason, ())
        assert "its frontend registry.example/dockerfile:1 cannot be pulled" in error.what
        assert "BUILDKIT_SYNTAX" in error.todo and "build.args" in error.todo
        assert "# syntax=" not in error.todo and not error.where.endswith(":1")


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    reason = "write /var/lib/docker/x: no space left on device"
    assert "free some space" in build_failed(recipe(tmp_path, ANY), "x", reason, ()).todo
