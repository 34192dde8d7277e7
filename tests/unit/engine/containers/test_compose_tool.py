"""Which Compose computes the configuration hashes, on machines with and without Compose."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from cosmicdeploy.engine.containers import compose_tool
from cosmicdeploy.engine.containers.compose_tool import config_hashes
from cosmicdeploy.engine.containers.creation.hash_override import SourceOverrides, source_overrides
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.model import ComposeFiles
from tests.unit.stack.oracle.compose_v2 import PROGRAM

pytestmark = pytest.mark.unit

HASH_1, HASH_2, HASH_3 = "1" * 64, "2" * 64, "3" * 64
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


def test_compose_gets_the_variables_that_override_the_shell(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELEASE", "2")
    install("docker", f'[ "$RELEASE" = 1 ] && echo "web {HASH_2}"')
    files = replace(files_in(tmp_path), variables=(("RELEASE", "1"),))
    assert config_hashes(files, ()) == {"web": HASH_2}


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


SOURCES = SourceOverrides(
    services=("web",),
    as_declared="services: {web: {networks: {default: null}}}\n",
    by_id=f"services: {{web: {{volumes_from: !override [{'a' * 64}]}}}}\n",
)


@pytest.mark.parametrize(("same", "expected"), [(HASH_1, {"web": HASH_3}), (HASH_2, {})])
def test_a_hash_by_id_counts_only_if_it_is_proven_to_be_what_compose_computes(
    install: Install, tmp_path: Path, same: str, expected: dict[str, str]
) -> None:
    install(
        "docker-compose",
        f"""case "$*" in
        *--no-normalize*)
            for file in "$@"; do case "$file" in */cosmicdeploy-*.yml) last=$file;; esac; done
            read -r text <"$last"
            case "$text" in *volumes_from*) echo "web {HASH_3}";; *) echo "web {same}";; esac;;
        *) echo "web {HASH_1}"; echo "db {HASH_2}";;
        esac""",
    )
    found = config_hashes(files_in(tmp_path), (str(uuid4()),), "", SOURCES)
    assert found == {"db": HASH_2, **expected}


@pytest.mark.parametrize("keys", ["", "env_file: [e.env]", "network_mode: none", "scale: 2"])
def test_compose_hashes_the_ids_of_the_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: str
) -> None:
    """Of a file as it is, the hash without a normalization is the same: that is the proof."""
    monkeypatch.setattr(compose_tool, "PROGRAMS", ((str(PROGRAM),),))
    (tmp_path / "e.env").write_text("A=b\n")
    (tmp_path / "compose.yml").write_text(
        "services:\n"
        "  store: {image: busybox, volumes: [/data]}\n"
        f"  web: {{image: busybox, volumes_from: ['store:ro'], {keys}}}\n"
    )
    stack = read_stack(tmp_path / "compose.yml", env_file=tmp_path / ".env", environ={})
    web = stack.services["web"]
    found = []
    for container_id in ("a" * 64, "b" * 64):
        resolved = replace(web, volumes_from=(f"container:{container_id}:ro",))
        default = stack.networks.get("default")
        sources = source_overrides([(web, resolved)], default.name if default else "")
        found.append(config_hashes(stack.compose_files, (), "", sources)["web"])
    plain = config_hashes(stack.compose_files, (), "")["web"]
    assert len({plain, *found}) == 3
