"""Undoing a restart: every stopped service is started again, even if one container cannot start."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.steps.containers.restart.stop_start import bring_up
from cosmicdeploy.steps.rollout.replacement.target import Target, existing_targets, look_up

pytestmark = pytest.mark.unit


class StartingEngine:
    """An engine on which some containers cannot start."""

    def __init__(self, errors: dict[str, EngineError]) -> None:
        self.started: list[str] = []
        self._errors = errors

    def start(self, name: str) -> None:
        self.started.append(name)
        if name in self._errors:
            raise self._errors[name]


def stack(engine: StartingEngine, *names: str, gone: str = "") -> Any:
    """Return a context of these services, stopped; `gone` has no container."""

    def container(name: str) -> Container | None:
        if name == gone:
            return None
        return Container(
            id=name, name=name, service=name, project="p", image_id="i", status="exited"
        )

    services = {name: SimpleNamespace(name=name, post_start=()) for name in names}
    return SimpleNamespace(
        engine=engine,
        container=container,
        service=services.get,
        stack=SimpleNamespace(services=services),
    )


def targets(ctx: Any, *names: list[str]) -> list[list[Target]]:
    return [[look_up(ctx, name) for name in group] for group in names]


def test_a_container_that_cannot_start_does_not_stop_the_others() -> None:
    engine = StartingEngine({"cache": EngineError("the port is taken")})
    ctx = stack(engine, "db", "cache", "app")
    with pytest.raises(EngineError, match="the port is taken"):
        bring_up(ctx, targets(ctx, ["cache", "db"], ["app"]), healthy=[])
    assert sorted(engine.started) == ["app", "cache", "db"]


def test_once_the_engine_is_unavailable_nothing_more_is_started() -> None:
    engine = StartingEngine({"db": EngineUnavailable("gone")})
    ctx = stack(engine, "db", "app")
    with pytest.raises(EngineUnavailable):
        bring_up(ctx, targets(ctx, ["db"], ["app"]), healthy=[])
    assert engine.started == ["db"]


def test_undeclared_services_and_those_without_a_container_are_left_out() -> None:
    ctx = stack(StartingEngine({}), "db", "app", gone="db")
    assert [t.name for t in existing_targets(ctx, ["db", "app", "renamed-since"])] == ["app"]
