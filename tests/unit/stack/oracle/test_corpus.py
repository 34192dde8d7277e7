"""Compose files of one theme each mean the same here as what Compose's `config` prints of them."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.model import Stack
from tests.unit.stack.oracle.compose_v2 import SHELL, print_config

pytestmark = pytest.mark.unit

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(file.relative_to(CORPUS).as_posix() for file in CORPUS.rglob("*.yml"))
FORMATS = ("json", "yaml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus; beside each file is the output of Compose for the file."""
    folder = tmp_path_factory.mktemp("corpus") / "files"
    shutil.copytree(CORPUS, folder)

    def print_all(name: str) -> None:
        for form in FORMATS:
            done = print_config(folder / name, form)
            (folder / f"{name}.{form}").write_text(done.stdout or done.stderr, encoding="utf-8")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(print_all, FILES))
    return folder


def declared(file: Path) -> dict[str, Any]:
    """What a file declares, apart from the names of files and notices about its text."""
    stack: Stack = read_stack(file, env_file=file.parent / ".env", environ=SHELL)
    return {
        "project": stack.project,
        "services": dict(stack.services),
        "networks": dict(stack.networks),
        "volumes": dict(stack.volumes),
    }


def test_the_corpus_is_large() -> None:
    assert len(FILES) >= 40


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", FILES)
def test_a_file_means_what_compose_prints_of_it(folder: Path, name: str, form: str) -> None:
    assert declared(folder / name) == declared(folder / f"{name}.{form}")
