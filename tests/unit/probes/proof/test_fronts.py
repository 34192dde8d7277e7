"""To which addresses a run sends requests: none while nothing runs that could answer."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import cosmicdeploy.probes.proof.fronts as module
from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.proof.fronts import find_fronts
from cosmicdeploy.probes.urls import Front
from cosmicdeploy.settings import Services

pytestmark = pytest.mark.unit
FRONT = Front("http://shop.example", "/health")


@pytest.mark.parametrize("proxy", ["traefik", None])
@pytest.mark.parametrize(
    ("running", "is_reached"), [({"app", "traefik"}, True), ({"app"}, None), (set(), False)]
)
def test_a_declared_address_is_used_only_if_something_runs_there(
    ctx: Context,
    monkeypatch: pytest.MonkeyPatch,
    proxy: str | None,
    running: set[str],
    is_reached: bool | None,
) -> None:
    services = Services(app=("app",), proxy=proxy)
    settings = SimpleNamespace(services=services, all_applications=[SimpleNamespace(name="shop")])
    loaded: Any = SimpleNamespace(settings=settings)
    monkeypatch.setattr(module, "reach", lambda *_: FRONT)
    monkeypatch.setattr(module, "front_at", lambda *_: FRONT)
    found = SimpleNamespace(is_running=True)
    monkeypatch.setattr(Context, "container", lambda _, name: found if name in running else None)
    expected = proxy is None if is_reached is None else is_reached
    assert bool(find_fronts(replace(ctx, loaded=loaded)).applications) == expected
