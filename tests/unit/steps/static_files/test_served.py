"""Which container has which files: of a trial, of a console command, and in `verify`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, ExecResult
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.proxy.static_files.served import (
    apart_from_served,
    apart_from_stale,
    stale_volumes,
)
from cosmicdeploy.stack.model import Mount, Service
from cosmicdeploy.steps.commands.new_image import in_new_image
from cosmicdeploy.workspace import read_stack_files
from tests.unit.steps.static_files.conftest import MOUNT, container
from tests.unit.steps.static_files.local_engine import LocalEngine
from tests.unit.steps.static_files.test_step import RELEASE_1, RELEASE_2, VOLUME, deploy

pytestmark = pytest.mark.unit

DATA = Mount(type="volume", source="shop_data", target="/data")


def sources(service: Service) -> list[str]:
    return [mount.source for mount in service.mounts]


def test_a_trial_writes_to_no_volume_that_the_proxy_serves(
    stack_of: Callable[..., Context], engine: LocalEngine
) -> None:
    ctx = stack_of(app=(MOUNT, DATA))
    assert sources(apart_from_served(ctx, ctx.service("app"))) == ["", "shop_data"]
    assert sources(apart_from_served(ctx, ctx.service("nginx"))) == [VOLUME]
    assert engine.read_images == 0, "whatever the image has"


def test_a_command_of_a_new_image_sees_its_own_files_and_all_data(
    shop: Context, engine: LocalEngine
) -> None:
    app = shop.service("app")
    engine.add_image("empty", {})
    assert sources(apart_from_stale(shop, app, "empty")) == [VOLUME], "it may hold uploads"
    engine.add_image("one", RELEASE_1)
    assert sources(apart_from_stale(shop, app, "one")) == [""]
    deploy(shop)
    assert sources(apart_from_stale(shop, app, "one")) == [VOLUME]
    engine.add_image("two", RELEASE_2)
    assert sources(apart_from_stale(shop, app, "two")) == [""]


@dataclass
class CommandEngine(LocalEngine):
    """Has a trial of the image `one`, and records what runs in it and apart from it."""

    executed: list[str] = field(default_factory=list)
    apart: list[list[str]] = field(default_factory=list)

    def leftovers(self, _project: str) -> list[Container]:
        marked = {"cosmicdeploy.marker": "trial"}
        return [replace(container("app"), id="trial", image_id="one", labels=marked)]

    def exec_as(self, _user: str, container_id: str, *_: object, **__: object) -> ExecResult:
        self.executed.append(container_id)
        return ExecResult(exit_code=0)

    def run_oneoff(self, service: Service, _argv: Sequence[str], **_: object) -> ExecResult:
        self.apart.append(sources(service))
        return ExecResult(exit_code=0)


def test_a_command_that_may_write_runs_in_no_trial_that_lacks_the_volume(
    stack_of: Callable[..., Context], tmp_path: Path
) -> None:
    engine: Any = CommandEngine(tmp_path)
    ctx = replace(stack_of(), engine=engine)
    settings = ctx.settings.model_copy(
        update={"app": ctx.settings.app.model_copy(update={"console": ("php",)})}
    )
    ctx = replace(ctx, loaded=replace(ctx.loaded, settings=settings))
    engine.add_image("one", {})
    in_new_image(ctx, ["status"], only_reads=True)
    assert (engine.executed, engine.apart) == (["trial"], [])
    in_new_image(ctx, ["collectstatic"], runs_once=True)
    assert (engine.executed, engine.apart) == (["trial"], [[VOLUME]])


def test_verify_names_a_volume_with_files_of_another_image(
    shop: Context, engine: LocalEngine
) -> None:
    engine.add_image("one", RELEASE_1)
    engine.add_image("two", RELEASE_2)
    running = replace(container("app"), image_id="one")
    engine.containers_in_place["app"] = running
    assert stale_volumes(shop) == ([], [VOLUME])
    engine.tags["shop"] = "one"
    deploy(shop)
    assert stale_volumes(shop) == ([], [])
    engine.containers_in_place["app"] = replace(running, image_id="two")
    assert stale_volumes(shop) == ([VOLUME], [])


def test_an_unknown_volume_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(
        'services: {app: {image: shop, volumes: ["public:/p"]}}\nvolumes: {public: }\n'
    )
    path = tmp_path / "cosmicdeploy.yaml"
    path.write_text(
        "compose_file: compose.yml\nservices: {app: [app]}\napp: {}\n"
        "volumes: {left_alone: [publik]}\n"
    )
    with pytest.raises(ConfigError, match="publik") as refused:
        read_stack_files(path)
    assert "public" in refused.value.todo
