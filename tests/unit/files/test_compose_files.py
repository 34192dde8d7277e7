"""Which compose files the settings, COMPOSE_FILE and the defaults name."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.settings import load
from cosmicdeploy.stack.model import ComposeFiles
from tests.unit.files.test_settings import minimal


def compose_files(folder: Path, more: str = "", env: str = "", **environ: str) -> ComposeFiles:
    (folder / ".env").write_text(env)
    return load(minimal(folder, more), environ).compose_files


def names(files: ComposeFiles) -> list[str]:
    return [file.name for file in files.files]


def test_the_default(tmp_path: Path) -> None:
    files = compose_files(tmp_path)
    assert files.files == (tmp_path / "docker-compose.prod.yml",)
    assert (files.env_file, files.project, files.profiles) == (tmp_path / ".env", None, ())


def test_one_file_or_a_list(tmp_path: Path) -> None:
    assert names(compose_files(tmp_path, "compose_file: a.yml\n")) == ["a.yml"]
    assert names(compose_files(tmp_path, "compose_file: [a.yml, x/b.yml]\n")) == ["a.yml", "b.yml"]
    files = compose_files(tmp_path, "compose_file: a.yml\nprofiles: [debug]\nproject: p\n")
    assert (files.profiles, files.project) == (("debug",), "p")


@pytest.mark.parametrize(
    ("env", "environ", "expected"),
    [
        ("COMPOSE_FILE=a.yml:b.yml\n", {}, ["a.yml", "b.yml"]),
        ("COMPOSE_FILE=a.yml;b.yml\nCOMPOSE_PATH_SEPARATOR=;\n", {}, ["a.yml", "b.yml"]),
        ("COMPOSE_FILE=a.yml\n", {"COMPOSE_FILE": "c.yml"}, ["c.yml"]),
        ("COMPOSE_FILE=\n", {}, ["docker-compose.prod.yml"]),
    ],
)
def test_without_files_in_the_settings_compose_file_counts(
    tmp_path: Path, env: str, environ: dict[str, str], expected: list[str]
) -> None:
    assert names(compose_files(tmp_path, env=env, **environ)) == expected
    assert names(compose_files(tmp_path, "compose_file: s.yml\n", env, **environ)) == ["s.yml"]


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ("compose_file: []\n", "compose_file: must have 1 or more items"),
        ("compose_file: {a: b}\n", "compose_file: must be a list"),
        ("compose_file: [[a]]\n", "compose_file.0"),
        ("profiles: debug\n", "profiles: must be a list"),
    ],
)
def test_mistakes(tmp_path: Path, more: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compose_files(tmp_path, more)
    assert caught.value.what.startswith(what)
    assert "cosmicdeploy.yaml:4" in caught.value.where
