"""A stopped database is started before a cleanup, but does not stand in the way of an undo."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import cosmicdeploy.steps.containers.repair as module
from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.events import Event
from cosmicdeploy.steps.containers.repair import start_support

pytestmark = pytest.mark.unit


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    container: Any = SimpleNamespace(id="c", name="db")
    monkeypatch.setattr(module, "stopped_support", lambda _: [("db", container)])


@pytest.mark.usefixtures("stopped")
def test_a_database_that_does_not_become_ready_is_only_reported(
    ctx: Context, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: object) -> None:
        raise EngineError("db has ended with exit code 1")

    monkeypatch.setattr(module, "_start", start)
    start_support(ctx)
    assert "db does not become ready: db has ended" in str(events[-1])


@pytest.mark.usefixtures("stopped")
def test_an_engine_that_is_gone_ends_the_run(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object) -> None:
        raise EngineUnavailable("gone")

    monkeypatch.setattr(module, "_start", start)
    with pytest.raises(EngineUnavailable):
        start_support(ctx)
