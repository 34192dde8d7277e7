"""A rollout that cannot see whether the proxy uses a replica waits, unless the engine is lost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.proxy.nginx.traffic import waits
from cosmicdeploy.proxy.nginx.traffic.waits import NginxWaits, describe_waits
from cosmicdeploy.settings.pace import Pace

pytestmark = pytest.mark.unit


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def ctx(slept: list[float]) -> Any:
    restart = SimpleNamespace(pause=3)
    return SimpleNamespace(
        settings=SimpleNamespace(restart=restart), sleep=slept.append, service=lambda name: name
    )


def fail(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception) -> None:
    def raise_it(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(waits, name, raise_it)


@pytest.fixture(autouse=True)
def policies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "upstream_policies", lambda _: {})


def test_it_waits_if_the_connections_cannot_be_read(
    ctx: Any, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, "unreached", EngineError("The container app-1 is not running"))
    assert NginxWaits(ctx).unreached(["app-1"]) == []
    assert slept == [3]


def test_a_lost_engine_ends_the_rollout(
    ctx: Any, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, "unreached", EngineUnavailable("No container engine answers"))
    with pytest.raises(EngineUnavailable):
        NginxWaits(ctx).unreached(["app-1"])
    assert slept == []


def test_a_lost_engine_ends_the_plan(ctx: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "pace_of", lambda *_: Pace(at_a_time=2))
    fail(monkeypatch, "upstream_policies", EngineUnavailable("No container engine answers"))
    with pytest.raises(EngineUnavailable):
        describe_waits(ctx, ["app-1", "app-2"])
