"""A start lets a paused container continue, which the engine itself refuses."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.docker_engine.containers import DockerContainers
from cosmicdeploy.errors import EngineError
from cosmicdeploy.stack.model import Hook
from cosmicdeploy.steps.containers.hooks import start_container


class Api:
    """The API of an engine with one container in the given state; records what changes it."""

    def __init__(self, status: str) -> None:
        self.status, self.calls = status, list[str]()

    def start(self, _container_id: str) -> None:
        self.calls.append("start")
        if self.status != "exited":
            raise APIError("conflict", explanation="cannot start it")

    def unpause(self, _container_id: str) -> None:
        self.calls.append("unpause")

    def inspect_container(self, container_id: str) -> dict[str, Any]:
        return {
            "Id": container_id,
            "Name": "/web",
            "Image": "sha256:1",
            "State": {"Status": self.status},
            "Config": {},
            "HostConfig": {},
            "NetworkSettings": {"Networks": {"back": {"IPAddress": ""}}},
        }

    def exec_create(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("post_start runs in a container that was started before")


def engine_of(api: Api) -> Any:
    return DockerContainers(SimpleNamespace(api=api))  # type: ignore[arg-type]


def test_a_paused_container_continues() -> None:
    api = Api("paused")
    engine_of(api).start("c")
    assert api.calls == ["start", "unpause"]


def test_a_stopped_container_is_started() -> None:
    api = Api("exited")
    engine_of(api).start("c")
    assert api.calls == ["start"]


def test_any_other_refusal_to_start_is_an_error() -> None:
    api = Api("dead")
    with pytest.raises(EngineError, match="cannot start it"):
        engine_of(api).start("c")
    assert api.calls == ["start"]


def test_a_container_that_continues_does_not_run_post_start_again(ctx: Context) -> None:
    api = Api("paused")
    service = SimpleNamespace(post_start=(Hook(command=("migrate",)),))
    stack: Any = SimpleNamespace(services={"web": service})
    start_container(replace(ctx, engine=engine_of(api), stack=stack), "web", "c")
    assert api.calls == ["start", "unpause"]


def test_networks_without_an_address_are_networks() -> None:
    container = engine_of(Api("running")).container("c")
    assert container.networks == ("back",) and container.addresses == {}
