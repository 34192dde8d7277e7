"""The stacks of tests/stack/layouts mean the same here as what Compose prints of them."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from cosmicdeploy.stack.compose import read_files, read_stack
from cosmicdeploy.stack.model import Stack
from cosmicdeploy.workspace import read_stack_files
from tests.stack.layouts.catalogue import LAYOUTS
from tests.stack.layouts.kinds.buildkit import NeedsBuildKit
from tests.stack.layouts.kinds.configured import Configured
from tests.stack.layouts.layout import Layout
from tests.unit.stack.oracle.compose_v2 import PROGRAM, compose

pytestmark = pytest.mark.unit

OLD_ENGINE = [
    Layout(name=f"{kind.__name__}, old engine", kind=partial(kind, engine=20))
    for kind in (Configured, NeedsBuildKit)
]


@pytest.fixture(autouse=True)
def compose_v2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH with Compose v2 as `docker-compose`."""
    (tmp_path / "docker-compose").symlink_to(PROGRAM)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize("layout", [*LAYOUTS.values(), *OLD_ENGINE], ids=lambda each: each.name)
def test_a_layout_means_what_compose_prints_of_it(layout: Layout, tmp_path: Path) -> None:
    stack = layout.kind(tmp_path / "cosmic-shop")
    stack.folder.mkdir()
    stack.write(release="2")
    loaded, _ = read_stack_files(stack.folder / "cosmicdeploy.yaml")
    read = read_files(loaded.compose_files, os.environ)
    assert {name.partition(".")[0] for name in layout.replaced} <= read.services.keys()
    done = compose(stack.folder, *stack.compose_options)
    assert done.returncode == 0, done.stderr
    printed = stack.folder / "printed.json"
    printed.write_text(done.stdout)
    (stack.folder / "none.env").touch()
    again = read_stack(printed, env_file=stack.folder / "none.env", environ={}, profiles=("*",))
    assert declared(read) == declared(again)


def declared(stack: Stack) -> dict[str, object]:
    """Return what a stack declares, apart from the names of its files."""
    return {
        "project": stack.project,
        "services": dict(stack.services),
        "networks": dict(stack.networks),
        "volumes": dict(stack.volumes),
    }
