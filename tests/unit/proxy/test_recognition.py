"""Which load balancer runs is seen from its process, or from the command of its container."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.recognition import load_balancer
from cosmicdeploy.stack.model import Port
from tests.unit.proxy.running import RunningEngine, replicas, running_stack
from tests.unit.settings_of import settings_of

pytestmark = pytest.mark.unit


@pytest.fixture
def engine() -> RunningEngine:
    return RunningEngine(replicas(), lambda _argv: 1)


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("nginx", "nginx"),
        ("haproxy", "HAProxy"),
        ("traefik", "Traefik"),
        ("caddy", "Caddy"),
        ("envoy", "the proxy"),
    ],
)
def test_the_process_decides(ctx: Context, engine: RunningEngine, program: str, name: str) -> None:
    engine.program = program
    assert load_balancer(running_stack(ctx, engine)).name == name


@pytest.mark.parametrize("program", ["nginx", "traefik", "caddy", "envoy"])
def test_only_haproxy_has_servers_that_an_operator_takes_out(
    ctx: Context, engine: RunningEngine, program: str
) -> None:
    engine.program = program
    assert load_balancer(running_stack(ctx, engine)).servers_out() == []


def test_an_image_without_a_shell_is_known_by_its_command(
    ctx: Context, engine: RunningEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cosmicdeploy.proxy.recognition.processes", lambda *_: [])
    proxy = replace(engine.by_name["proxy"], command=("/usr/bin/traefik", "--api.insecure"))
    engine.by_name["proxy"] = proxy
    assert load_balancer(running_stack(ctx, engine)).name == "Traefik"


def test_another_container_is_recognized_anew(ctx: Context, engine: RunningEngine) -> None:
    engine.program = "nginx"
    engine.by_name["proxy"] = replace(engine.by_name["proxy"], started_at="1")
    stack = running_stack(ctx, engine)
    assert load_balancer(stack).name == "nginx"
    engine.program = "caddy"
    assert load_balancer(stack).name == "nginx", "a container does not change what it runs"
    engine.by_name["proxy"] = replace(engine.by_name["proxy"], started_at="2")
    assert load_balancer(stack).name == "Caddy"


def test_a_plan_says_that_an_unknown_proxy_is_only_observed(
    ctx: Context, engine: RunningEngine
) -> None:
    engine.program = "envoy"
    [note] = load_balancer(running_stack(ctx, engine)).rollout_notes(["app-1", "queue"])
    assert "only observe whether the proxy sends requests to app-1;" in note
    assert not load_balancer(running_stack(ctx, engine)).rollout_notes(["queue"])


def test_a_plan_says_that_ports_are_closed_if_there_is_no_load_balancer(
    ctx: Context, engine: RunningEngine
) -> None:
    stack: Any = running_stack(ctx, engine)
    stack.loaded.settings = settings_of({"app": ("app-1", "app-2")})
    for service in stack.stack.services.values():
        service.ports = (Port(target=80, published=8080),)
    [note] = load_balancer(stack).rollout_notes(["app-1", "app-2"])
    assert "no load balancer" in note and "of app-1, app-2 is closed" in note
    stack.stack.services["app-1"].ports = stack.stack.services["app-2"].ports = ()
    assert load_balancer(stack).rollout_notes(["app-1", "app-2"]) == []
