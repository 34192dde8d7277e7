"""Which Compose is asked for its hashes, on machines with and without Compose."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from cosmicdeploy.engine.containers import compose_tool
from cosmicdeploy.engine.containers.compose_tool import config_hashes

pytestmark = pytest.mark.unit

ONE, TWO = "1" * 64, "2" * 64
Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a program on an otherwise empty PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(name: str, script: str) -> None:
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return put


def asked(folder: Path) -> dict[str, str]:
    """Asked anew: the stack is in another state each time."""
    state = (str(uuid4()),)
    return dict(config_hashes("shop", folder / "compose.yml", folder / ".env", state))


def test_hashes_of_the_same_state_are_cached(install: Install, tmp_path: Path) -> None:
    told = tmp_path / "told"
    install("docker-compose", f'echo once >> {told}; echo "web {ONE}"')
    place = ("shop", tmp_path / "compose.yml", tmp_path / ".env", ("this state",))
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda _: config_hashes(*place), range(4)))
    assert answers == [{"web": ONE}] * 4
    assert told.read_text() == "once\n"


def test_the_plugin_is_preferred_to_docker_compose(install: Install, tmp_path: Path) -> None:
    install("docker", f'[ "$1" = compose ] && echo "web {TWO}"')
    install("docker-compose", f'echo "web {ONE}"')
    assert asked(tmp_path) == {"web": TWO}


def test_docker_compose_is_used_without_the_plugin(install: Install, tmp_path: Path) -> None:
    install("docker", "echo 'unknown command: docker compose' >&2; exit 1")
    install("docker-compose", f'echo "web {ONE}"; echo "db {TWO}"')
    assert asked(tmp_path) == {"web": ONE, "db": TWO}


def test_after_a_timeout_the_same_program_is_asked_again(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one's hash would be another."""
    place = ("shop", tmp_path / "compose.yml", tmp_path / ".env", (str(uuid4()),))
    install("docker-compose", f'echo "web {ONE}"')
    install("docker", "exec /bin/sleep 5")
    monkeypatch.setattr(compose_tool, "TIMEOUT_SECONDS", 0.2)
    assert config_hashes(*place) == {}
    install("docker", f'echo "web {TWO}"')
    assert config_hashes(*place) == {"web": TWO}


def test_without_compose_there_are_no_hashes_and_no_error(install: Install, tmp_path: Path) -> None:
    assert asked(tmp_path) == {}
    install("docker-compose", "echo 'web but-no-hash'")
    assert asked(tmp_path) == {}


def test_an_existing_env_file_is_passed_on(install: Install, tmp_path: Path) -> None:
    install("docker-compose", f'case "$*" in *--env-file*) echo "web {ONE}";; esac')
    assert asked(tmp_path) == {}
    (tmp_path / ".env").touch()
    assert asked(tmp_path) == {"web": ONE}
