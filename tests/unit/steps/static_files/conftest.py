"""A stack whose application shares the volume `public` with its proxy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.settings import load
from cosmicdeploy.stack.model import Mount, Service, Stack, Volume
from tests.unit.steps.static_files.local_engine import LocalEngine

SETTINGS = "services: {app: [app], worker: [worker], proxy: nginx}\napp: {}\n"
MOUNT = Mount(type="volume", source="shop_public", target="/srv/public")


def container(service: str) -> Container:
    return Container(
        id=service, name=service, service=service, project="shop", image_id="i", status="running"
    )


@pytest.fixture
def engine(tmp_path: Path) -> LocalEngine:
    """An engine on which the application's container exists, and does not run."""
    stopped = replace(container("app"), status="exited")
    return LocalEngine(tmp_path, containers_in_place={"app": stopped})


@pytest.fixture
def stack_of(ctx: Context, engine: LocalEngine, tmp_path: Path) -> Callable[..., Context]:
    """Return a function that returns the context of a stack with these mounts of its services."""

    def context(
        app: tuple[Mount, ...] = (MOUNT,),
        nginx: tuple[Mount, ...] = (replace(MOUNT, target="/usr/share", read_only=True),),
        settings: str = "",
        **keys: Any,
    ) -> Context:
        path = tmp_path / "cosmicdeploy.yaml"
        path.write_text(SETTINGS + settings)

        def service(name: str, image: str, mounts: tuple[Mount, ...], **more: Any) -> Service:
            return Service(name=name, container_name=name, image=image, mounts=mounts, **more)

        services = {
            "app": service("app", "shop", app),
            "worker": service("worker", "shop", app),
            "nginx": service("nginx", "nginx", nginx, **keys),
        }
        stack = Stack(
            project="shop",
            file=tmp_path / "compose.yml",
            env_file=tmp_path / ".env",
            services=services,
            networks={},
            volumes={"public": Volume(key="public", name="shop_public")},
        )
        any_engine: Any = engine
        return replace(ctx, loaded=load(path, {}), stack=stack, engine=any_engine)

    return context


@pytest.fixture
def shop(stack_of: Callable[..., Context]) -> Context:
    return stack_of()
