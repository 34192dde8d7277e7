"""Where `console` runs: a replica of the main application, never of another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.operations.exec import console_target
from cosmicdeploy.settings import load
from cosmicdeploy.stack.compose import read_stack

pytestmark = pytest.mark.unit

CtxOf = Callable[..., Context]


@pytest.fixture
def ctx_of(ctx: Context, tmp_path: Path) -> CtxOf:
    """A stack of two applications, api (two replicas) and web, of which only some services run."""
    settings, compose = tmp_path / "cosmicdeploy.yaml", tmp_path / "compose.yml"
    settings.write_text(
        "services: {app: [api-1, api-2, web]}\napp: {}\napplications: {web: {port: 3000}}\n"
    )
    compose.write_text("services: {api-1: {image: i}, api-2: {image: i}, web: {image: w}}\n")
    declared = read_stack(compose, env_file=tmp_path / ".env", environ={}, project="shop")

    def of(*running: str) -> Context:
        containers = {f"shop-{name}-1": _container(name) for name in running}
        engine: Any = SimpleNamespace(container=containers.get, image=lambda _: None)
        return replace(ctx, loaded=load(settings, {}), stack=declared, engine=engine)

    return of


def _container(name: str) -> Container:
    return Container(
        id=name, name=f"shop-{name}-1", service=name, project="shop", image_id="i", status="running"
    )  # fmt: skip


def test_it_runs_in_a_running_replica_of_the_main_application(ctx_of: CtxOf) -> None:
    assert console_target(ctx_of("api-2", "web")).service == "api-2"


def test_it_never_runs_in_another_application(ctx_of: CtxOf) -> None:
    with pytest.raises(EngineError, match="The container of api-1 does not exist"):
        console_target(ctx_of("web"))
