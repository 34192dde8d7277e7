"""Behind Traefik, a replica stops only once Traefik no longer has its address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cosmicdeploy.errors import ProbeFailed
from cosmicdeploy.proxy import out_of_service, put_in_service
from cosmicdeploy.proxy.recognition import load_balancer
from cosmicdeploy.proxy.traefik.traffic import TraefikTraffic
from tests.unit.proxy.traefik.fake import FakeTraefik, routed

pytestmark = pytest.mark.unit

Stack = Callable[[FakeTraefik], Any]
DOCKER = "--providers.docker=true"
ROUTER = {"traefik.http.routers.app.rule": "Host(`shop.example`)"}


def traffic_of(ctx: Any) -> TraefikTraffic:
    found = load_balancer(ctx).traffic()
    assert isinstance(found, TraefikTraffic)
    return found


def take_out(ctx: Any, name: str, **options: bool) -> TraefikTraffic:
    found, container = traffic_of(ctx), ctx.running(name)
    found.before_stop({name: container})
    assert found.can_take_out(name, is_alone=True)
    found.take_out(name, container, until_finished=options.get("until_finished", False))
    return found


@pytest.mark.parametrize("has_api", [True, False])
def test_a_replica_is_drained_and_used_again_once_it_was_replaced(
    stack_behind: Stack, has_api: bool
) -> None:
    traefik = FakeTraefik(has_api=has_api)
    ctx = stack_behind(traefik)
    traffic = take_out(ctx, "app-1", until_finished=True)
    assert traefik.drained == {"app-1"}
    assert not has_api or "172.20.0.1" not in traefik.listed
    traefik.engine.by_name["app-1"] = routed(7, id="new", name="app-1")
    traffic.put_in(["app-1"], moved=True)
    assert not has_api or "172.20.0.7" in traefik.listed


def test_the_new_container_is_used_before_the_old_one_is_drained(stack_behind: Stack) -> None:
    """As with start-first, also for the only replica."""
    traefik = FakeTraefik()
    ctx = stack_behind(traefik)
    old = replace(traefik.engine.by_name["app-1"], name="app-1-before-0123abcd")
    traefik.engine.by_name = {
        "proxy": traefik.engine.by_name["proxy"],
        old.name: old,
        "app-1": routed(7, id="new", name="app-1"),
    }
    traffic = traffic_of(ctx)
    traffic.put_in(["app-1"], moved=True)
    assert sorted(traefik.listed) == ["172.20.0.1", "172.20.0.7"]
    assert traffic.take_out_beside("app-1", old, until_finished=False)
    assert traefik.listed == ["172.20.0.7"]


@pytest.mark.parametrize("has_api", [True, False])
def test_a_replica_that_a_killed_run_left_drained_is_let_in_and_waited_for(
    stack_behind: Stack, has_api: bool
) -> None:
    traefik = FakeTraefik(has_api=has_api)
    ctx = stack_behind(traefik)
    take_out(ctx, "app-1")
    traffic = traffic_of(ctx)
    traffic.adopt()
    assert traffic.drained() == ["app-1"]
    traffic.put_in(["app-1"], moved=False)
    assert traefik.drained == set()
    assert not has_api or "172.20.0.1" in traefik.listed


def test_a_replica_that_traefik_still_uses_is_not_stopped(stack_behind: Stack) -> None:
    traefik = FakeTraefik(obeys=False)
    ctx = stack_behind(traefik)
    with pytest.raises(ProbeFailed, match="Traefik still sends requests to app-1"):
        take_out(ctx, "app-1")
    assert traefik.drained == set(), "it gets requests again"


def test_an_api_that_falls_silent_proves_nothing(stack_behind: Stack) -> None:
    traefik = FakeTraefik()
    ctx = stack_behind(traefik)
    traffic = traffic_of(ctx)
    traffic.before_stop({"app-1": ctx.running("app-1")})
    traefik.has_api = False
    with pytest.raises(ProbeFailed, match="no longer answers"):
        traffic.take_out("app-1", ctx.running("app-1"), until_finished=False)


def test_no_further_replica_is_stopped_if_traefik_does_not_use_the_new_container(
    stack_behind: Stack,
) -> None:
    traefik = FakeTraefik()
    ctx = stack_behind(traefik)
    traffic = take_out(ctx, "app-1")
    sick = routed(7, id="new", name="app-1", health="starting")
    traefik.engine.by_name["app-1"] = sick
    traefik.obeys = False
    with pytest.raises(ProbeFailed, match="Traefik sends no requests to app-1"):
        traffic.put_in(["app-1"], moved=True)


@pytest.mark.parametrize("constraints", ["", "Label(`team`,`shop`)"])
def test_a_replica_that_traefik_did_not_list_before_is_waited_for(
    stack_behind: Stack, constraints: str
) -> None:
    """As after a deploy of a release that was unhealthy."""
    traefik = FakeTraefik(late=8)
    traefik.listed = ["172.20.0.2", "172.20.0.3"]
    traefik.engine.arguments = ("traefik", DOCKER, f"--providers.docker.constraints={constraints}")
    ctx = stack_behind(traefik)
    traffic = traffic_of(ctx)
    traffic.before_stop({"app-1": ctx.running("app-1")})
    traefik.engine.by_name["app-1"] = routed(7, id="new", name="app-1")
    traffic.put_in(["app-1"], moved=True)
    assert "172.20.0.7" in traefik.listed


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        ((DOCKER,), {}),
        ((DOCKER,), {"traefik.enable": "false"}),
        ((DOCKER,), {"traefik.udp.routers.app.entrypoints": "dns"}),
        ((DOCKER, "--providers.docker.exposedbydefault=false"), ROUTER),
        (("--providers.file.filename=/routes.yml",), ROUTER),
        ((DOCKER, "--providers.docker.constraints=Label(`team`,`other`)"), ROUTER),
    ],
)
def test_a_replica_to_which_traefik_may_send_no_requests_is_only_observed(
    stack_behind: Stack,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    labels: dict[str, str],
) -> None:
    observed: list[str] = []
    monkeypatch.setattr(TraefikTraffic, "_observe", lambda _, names: observed.extend(names))
    traefik = FakeTraefik(late=99)
    traefik.listed = []
    traefik.engine.arguments = ("traefik", *options)
    traefik.engine.by_name["app-1"] = routed(1, labels=labels)
    traffic_of(stack_behind(traefik)).put_in(["app-1"], moved=True)
    assert observed == ["app-1"]


@pytest.mark.parametrize("has_api", [True, False])
def test_the_last_replica_that_serves_is_not_drained(stack_behind: Stack, has_api: bool) -> None:
    traefik = FakeTraefik(has_api=has_api)
    ctx = stack_behind(traefik)
    for name in ("app-2", "app-3"):
        traefik.engine.by_name[name] = replace(traefik.engine.by_name[name], health="unhealthy")
    traefik.listed = ["172.20.0.1"]
    traffic = traffic_of(ctx)
    traffic.before_stop({"app-1": ctx.running("app-1")})
    assert not traffic.can_take_out("app-1", is_alone=True)


def test_a_container_without_the_check_cannot_be_drained(stack_behind: Stack) -> None:
    traefik = FakeTraefik()
    ctx = stack_behind(traefik)
    traefik.engine.by_name["app-1"] = routed(1, labels={"traefik.enable": "true"})
    traffic = traffic_of(ctx)
    assert not traffic.can_take_out("app-1", is_alone=True)
    assert not traffic.take_out_beside("app-1", ctx.running("app-1"), until_finished=True)
    assert traefik.drained == set()


def test_a_replica_that_a_killed_run_left_drained_gets_requests_again(stack_behind: Stack) -> None:
    traefik = FakeTraefik(drained={"app-2"})
    ctx = stack_behind(traefik)
    assert out_of_service(ctx) == ["app-2"]
    put_in_service(ctx, "app-2")
    assert out_of_service(ctx) == []


def test_an_undo_puts_drained_containers_in_service(stack_behind: Stack) -> None:
    traefik = FakeTraefik(drained={"app-2"})
    traffic = traffic_of(stack_behind(traefik))
    traffic.adopt()
    traffic.put_all_in()
    assert traefik.drained == set()
