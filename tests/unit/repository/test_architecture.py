"""Every path and symbol in docs/architecture.md exists, and every package is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "cosmicdeploy"
TEXT = (ROOT / "docs" / "architecture.md").read_text()
# A path in backticks, such as `tests/unit` or `plan.py`; in the diagram, paths have none.
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]*)+|[\w-]+\.(?:py|yaml))`")
IN_DIAGRAM = re.compile(r"\b(\w+/|\w+\.py)(?=\s|$)")
SYMBOL = re.compile(r"`(\w+)` in\s+`([\w/]+\.py)`")


def named_paths() -> Iterator[tuple[str, list[Path]]]:
    """Yield each path with the folders that it may be in.

    A path may also be in a package that the same line named before.
    """
    lines, diagram = TEXT.splitlines(), False
    for line in lines:
        diagram ^= line.startswith("```")
        folders = [ROOT, PACKAGE, ROOT / "playbooks"]
        for match in (IN_DIAGRAM if diagram else PATH).finditer(line):
            yield match[1], list(folders)
            folders += [PACKAGE / match[1]]


PATHS = list(named_paths())


def test_paths_of_text_and_diagram_are_recognized() -> None:
    names = {name for name, _ in PATHS}
    assert {"cli/", "runs/", "execute.py", "tests/conftest.py", "stack/"} <= names


@pytest.mark.parametrize(("name", "folders"), PATHS, ids=[name for name, _ in PATHS])
def test_every_path_in_the_architecture_exists(name: str, folders: list[Path]) -> None:
    if name == "cosmicdeploy.yaml":
        return  # in the folder of a stack
    assert any((folder / name).exists() for folder in folders), name


@pytest.mark.parametrize(("symbol", "file"), SYMBOL.findall(TEXT))
def test_every_symbol_in_the_architecture_is_in_its_file(symbol: str, file: str) -> None:
    assert re.search(rf"^(def |class )?{symbol}\b", (PACKAGE / file).read_text(), re.M)


def test_the_architecture_names_every_package_and_module() -> None:
    named = {name for name, _ in PATHS}
    paths = [path for path in PACKAGE.iterdir() if not path.name.startswith(("__", "py.typed"))]
    missing = [p.name for p in paths if (f"{p.name}/" if p.is_dir() else p.name) not in named]
    assert missing == []
