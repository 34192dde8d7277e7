"""Services with profiles exist only while one of them is active, as in Compose v2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.model import Stack
from tests.unit.stack.oracle.compose_v2 import compose, configured

pytestmark = pytest.mark.unit

TEXT = """
name: x
services:
  always: {image: i}
  none: {image: i, profiles: []}
  debug: {image: i, profiles: [debug]}
  tools: {image: i, profiles: [tools, "${THIRD:-third}"]}
"""


@pytest.mark.parametrize(
    "active", ["", "debug", "third", "tools,debug", "*", "unknown", " debug", ",debug,"]
)
def test_the_same_services_are_active(tmp_path: Path, active: str) -> None:
    (tmp_path / "compose.yml").write_text(TEXT)
    theirs = configured(compose(tmp_path, COMPOSE_PROFILES=active))["services"]
    stack = read_stack(
        tmp_path / "compose.yml",
        env_file=tmp_path / ".env",
        environ={"COMPOSE_PROFILES": active},
    )
    assert set(stack.services) == set(theirs)
    assert stack.inactive == {"debug", "tools"} - set(theirs)


def test_the_settings_come_before_the_variable(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(TEXT)
    (tmp_path / ".env").write_text("COMPOSE_PROFILES=debug\n")
    stack = read_stack(
        tmp_path / "compose.yml", env_file=tmp_path / ".env", environ={}, profiles=("tools",)
    )
    assert set(stack.services) == {"always", "none", "tools"}
    theirs = configured(compose(tmp_path, "--profile", "tools"))["services"]
    assert set(stack.services) == set(theirs)
    assert stack.compose_files.options[-4:-2] == ["--profile", "tools"]


def test_an_inactive_service_may_be_anything(stack_of: Callable[..., Stack]) -> None:
    stack = stack_of("services: {a: {image: i}, b: {provider: {type: x}, profiles: [off]}}\n")
    assert set(stack.services) == {"a"}


def test_a_dependency_on_an_inactive_service_is_named(stack_of: Callable[..., Stack]) -> None:
    text = "services:\n  a: {image: i, depends_on: [b]}\n  b: {image: i, profiles: [off]}\n"
    with pytest.raises(ConfigError, match="none of whose profiles is active") as caught:
        stack_of(text)
    assert "COMPOSE_PROFILES" in caught.value.todo
    assert set(stack_of(text, COMPOSE_PROFILES="off").services) == {"a", "b"}


def test_all_services_are_inactive(stack_of: Callable[..., Stack]) -> None:
    with pytest.raises(ConfigError, match="none with an active profile"):
        stack_of("services: {a: {image: i, profiles: [off]}}\n")
