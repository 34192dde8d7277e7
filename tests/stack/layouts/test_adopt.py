"""Settings that `adopt` writes are enough: a stack that Compose started is deployed with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stack.layouts.catalogue import LAYOUTS
from tests.stack.stacks.one_app import OneApp
from tests.stack.support.harness import Done
from tests.stack.support.origins import ORIGINS
from tests.stack.support.releases import create, deploy_nothing, existing, require

pytestmark = pytest.mark.stack

ORIGIN = ORIGINS["Compose 2.26.1"]
TIMES = 12
# Layout → the role of each of its services.
ROLES = {
    "replicas": {"app": "app", "nginx": "proxy"},
    "one-shot": {"app": "app", "db": "database", "migrate": "one-shot"},
    "haproxy": {"app-1": "app", "app-2": "app", "haproxy": "proxy"},
    "caddy-flags": {"app-1": "app", "app-2": "app", "caddy": "proxy"},
}


@contextmanager
def started(name: str, folder: Path) -> Iterator[OneApp]:
    """Run the stack of a layout as Compose starts it; at the end, remove it by its own settings."""
    with LAYOUTS[name].open(folder) as stack:
        own = (stack.folder / "cosmicdeploy.yaml").read_text()
        try:
            create(stack, ORIGIN)
            yield stack
        finally:
            (stack.folder / "cosmicdeploy.yaml").write_text(own)


def adopt(stack: OneApp) -> Done:
    """Replace the settings of the stack by those that `adopt` writes."""
    (stack.folder / "cosmicdeploy.yaml").unlink()
    return require(stack, ORIGIN, "adopt")


@pytest.mark.parametrize("name", ROLES)
def test_an_adopted_stack_is_deployed_and_rolled_back(name: str, tmp_path: Path) -> None:
    with started(name, tmp_path) as stack:
        before = existing(stack)
        adopted = adopt(stack)
        assert existing(stack) == before
        data = adopted.report["data"]
        assert {each["service"]: each["role"] for each in data["services"]} == ROLES[name]
        assert not [each for each in data["settings"] if each["mark"] == "to do"]
        assert not [each for each in data["notes"] if each["about"] == "engine"]
        text = (stack.folder / "cosmicdeploy.yaml").read_text()
        deploy_nothing_but_what_compose_built(stack)
        deploy(stack, "2", text)
        assert stack.answering_releases(TIMES) == {"2"}
        deploy_nothing(stack, ORIGIN)
        require(stack, ORIGIN, "verify")
        entries = require(stack, ORIGIN, "rollback").report["data"]
        first = next(entry["backup"] for entry in entries if entry["release"] == "1")
        require(stack, ORIGIN, "rollback", "--to", first, "--yes")
        assert stack.answering_releases(TIMES) == {"1"}


def deploy_nothing_but_what_compose_built(stack: OneApp) -> None:
    """Deploy release 1 again: images that Compose built are built once more, and the same runs."""
    require(stack, ORIGIN, "deploy")
    assert stack.answering_releases(TIMES) == {"1"}


def deploy(stack: OneApp, release: str, text: str) -> None:
    """Deploy a release with the adopted settings, which `write` replaces by the layout's own."""
    stack.write(release)
    (stack.folder / "cosmicdeploy.yaml").write_text(text)
    require(stack, ORIGIN, "deploy")
