"""What ran runs again, whatever is in the way of one of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.steps.containers.restart import present
from cosmicdeploy.steps.containers.stop_start import bring_up

pytestmark = pytest.mark.unit


class Starting:
    """An engine that starts containers, but for some."""

    def __init__(self, errors: dict[str, EngineError]) -> None:
        self.started: list[str] = []
        self._errors = errors

    def start(self, name: str) -> None:
        self.started.append(name)
        if name in self._errors:
            raise self._errors[name]


def stack(engine: Starting, *names: str, gone: str = "") -> Any:
    """These services, stopped; one has no container."""

    def container(name: str) -> Container | None:
        if name == gone:
            return None
        return Container(
            id=name, name=name, service=name, project="p", image_id="i", status="exited"
        )

    services = dict.fromkeys(names)
    return SimpleNamespace(
        engine=engine, container=container, stack=SimpleNamespace(services=services)
    )


def test_one_that_cannot_start_keeps_no_other_from_it() -> None:
    engine = Starting({"cache": EngineError("the port is taken")})
    with pytest.raises(EngineError, match="the port is taken"):
        bring_up(stack(engine, "db", "cache", "app"), [["cache", "db"], ["app"]], well=[])
    assert sorted(engine.started) == ["app", "cache", "db"]


def test_without_an_engine_nothing_more_is_tried() -> None:
    engine = Starting({"db": EngineUnavailable("gone")})
    with pytest.raises(EngineUnavailable):
        bring_up(stack(engine, "db", "app"), [["db"], ["app"]], well=[])
    assert engine.started == ["db"]


def test_what_is_no_longer_declared_or_has_no_container_is_left_out() -> None:
    ctx = stack(Starting({}), "db", "app", gone="db")
    assert present(ctx, ["db", "app", "renamed-since"]) == ["app"]
