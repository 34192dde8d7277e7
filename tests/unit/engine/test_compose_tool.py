"""Which Compose computes the configuration hashes, on machines with and without Compose."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from cosmicdeploy.engine.containers import compose_tool
from cosmicdeploy.engine.containers.compose_tool import config_hashes
from cosmicdeploy.stack.model import ComposeFiles

pytestmark = pytest.mark.unit

HASH_1, HASH_2 = "1" * 64, "2" * 64
Install = Callable[[str, str], None]


def files_in(folder: Path) -> ComposeFiles:
    return ComposeFiles(files=(folder / "compose.yml",), env_file=folder / ".env", project="shop")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that puts a program on an otherwise empty PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(name: str, script: str) -> None:
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return put


def uncached_hashes(folder: Path) -> dict[str, str]:
    """Return the hashes without the cache: each call passes another state of the stack."""
    state = (str(uuid4()),)
    return dict(config_hashes(files_in(folder), state))


def test_hashes_of_the_same_state_are_cached(install: Install, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    install("docker-compose", f'echo once >> {calls}; echo "web {HASH_1}"')
    arguments = (files_in(tmp_path), ("this state",))
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda _: config_hashes(*arguments), range(4)))
    assert results == [{"web": HASH_1}] * 4
    assert calls.read_text() == "once\n"


def test_the_plugin_is_preferred_to_docker_compose(install: Install, tmp_path: Path) -> None:
    install("docker", f'[ "$1" = compose ] && echo "web {HASH_2}"')
    install("docker-compose", f'echo "web {HASH_1}"')
    assert uncached_hashes(tmp_path) == {"web": HASH_2}


def test_docker_compose_is_used_without_the_plugin(install: Install, tmp_path: Path) -> None:
    install("docker", "echo 'unknown command: docker compose' >&2; exit 1")
    install("docker-compose", f'echo "web {HASH_1}"; echo "db {HASH_2}"')
    assert uncached_hashes(tmp_path) == {"web": HASH_1, "db": HASH_2}


def test_after_a_timeout_the_same_program_is_tried_again(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`docker-compose` would compute another hash than the plugin."""
    arguments = (files_in(tmp_path), (str(uuid4()),))
    install("docker-compose", f'echo "web {HASH_1}"')
    install("docker", "exec /bin/sleep 5")
    monkeypatch.setattr(compose_tool, "TIMEOUT_SECONDS", 0.2)
    assert config_hashes(*arguments) == {}
    install("docker", f'echo "web {HASH_2}"')
    assert config_hashes(*arguments) == {"web": HASH_2}


def test_without_compose_there_are_no_hashes_and_no_error(install: Install, tmp_path: Path) -> None:
    assert uncached_hashes(tmp_path) == {}
    install("docker-compose", "echo 'web but-no-hash'")
    assert uncached_hashes(tmp_path) == {}


def test_an_existing_env_file_is_passed_to_compose(install: Install, tmp_path: Path) -> None:
    install("docker-compose", f'case "$*" in *--env-file*) echo "web {HASH_1}";; esac')
    assert uncached_hashes(tmp_path) == {}
    (tmp_path / ".env").touch()
    assert uncached_hashes(tmp_path) == {"web": HASH_1}
