"""What only Compose resolves is refused by name without it; one plain file never needs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from tests.unit.stack.merging.conftest import Read

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("programs")]

A = "services:\n  a:\n    image: i\n"
NEEDS = [
    ({"compose.yml": A, "b.yml": A}, "compose.yml b.yml", "several compose files", "b.yml:1"),
    ({"compose.yml": A + "include: [b.yml]\n"}, "compose.yml", "'include'", "compose.yml:4"),
    ({"compose.yml": A + "  b: {extends: a}\n"}, "compose.yml", "'extends'", "compose.yml:4"),
    ({"compose.yml": A + "    ports: !reset []\n"}, "compose.yml", "'!reset'", "compose.yml:4"),
    ({"compose.yml": A + "    ports: !override []\n"}, "compose.yml", "'!override'", "yml:4"),
]


@pytest.mark.parametrize(("files", "names", "what", "where"), NEEDS)
def test_it_is_refused_by_name(
    read: Read, files: dict[str, str], names: str, what: str, where: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(files, names)
    assert what in caught.value.what
    assert "Docker Compose v2" in caught.value.what
    assert caught.value.where.endswith(where)
    assert "docker-compose-plugin" in caught.value.todo


@pytest.mark.parametrize(
    "script",
    [
        'case "$1" in version) echo 1.29.2;; *) echo usage >&2; exit 1;; esac',
        "echo 'unknown command: docker compose' >&2; exit 1",
        "exit 0",
    ],
)
def test_an_older_compose_does_not_count(read: Read, programs: Path, script: str) -> None:
    for name in ("docker", "docker-compose"):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    with pytest.raises(ConfigError, match="only Docker Compose v2 resolves"):
        read(*NEEDS[0][:2])


def test_one_plain_file_with_profiles_anchors_and_merge_keys(read: Read) -> None:
    text = """
x-a: &a {image: i}
services:
  a: {<<: *a}
  b: {<<: *a, profiles: [off]}
"""
    stack = read({"compose.yml": text})
    assert list(stack.services) == ["a"]
    assert stack.inactive == {"b"}
