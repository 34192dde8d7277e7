"""What the verification and a plan say about a stack behind Traefik."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.facts import HealthTimes, Image
from cosmicdeploy.proxy.check import proxy
from cosmicdeploy.proxy.recognition import load_balancer
from tests.unit.proxy.traefik.fake import LABELS, FakeTraefik, routed

pytestmark = pytest.mark.unit

Stack = Callable[[FakeTraefik], Any]
APPS = ("app-1", "app-2", "app-3")


@pytest.fixture
def declared(stack_behind: Stack) -> Stack:
    """Return a function that returns the stack with declared images and labels."""

    def open_stack(traefik: FakeTraefik, *, has_shell: bool = True) -> Any:
        engine: Any = traefik.engine
        engine.image = lambda _: Image(id=f"sha256:{has_shell}")
        engine.image_has = lambda *_: has_shell
        ctx = stack_behind(traefik)
        own = {key: LABELS[key] for key in LABELS if key.startswith("traefik.")}
        for service in ctx.stack.services.values():
            vars(service).update(labels=own, image="shop/app", ipc=None)
        return ctx

    return open_stack


def test_a_stack_that_can_be_drained_has_no_warnings(declared: Stack) -> None:
    result = proxy(declared(FakeTraefik()))
    assert (result.ok, result.warnings, result.found) == (True, (), "Traefik knows 3 replicas")


def test_without_the_api_each_replacement_takes_longer(declared: Stack) -> None:
    result = proxy(declared(FakeTraefik(has_api=False)))
    assert (result.ok, result.stake) == (True, "deploys")
    assert "--api.insecure=true" in result.warnings[0]


def test_a_container_that_cannot_be_drained_is_named(declared: Stack) -> None:
    traefik = FakeTraefik()
    traefik.engine.by_name["app-2"] = routed(2, labels={"traefik.enable": "true"})
    [warning] = proxy(declared(traefik)).warnings
    assert warning.startswith("may lose requests") and "the next deploy creates" in warning
    without: Any = declared
    [warning] = proxy(without(traefik, has_shell=False)).warnings
    assert "add a shell to its image" in warning


@pytest.mark.parametrize("has_shell", [True, False])
def test_a_check_that_notices_a_drain_file_late_is_named(declared: Stack, has_shell: bool) -> None:
    traefik, open_stack = FakeTraefik(), cast("Any", declared)
    slow = HealthTimes(interval=30, retries=3)
    traefik.engine.by_name["app-2"] = routed(2, health_times=slow)
    result = proxy(open_stack(traefik, has_shell=has_shell))
    assert (result.ok, result.stake) == (True, "deploys")
    [warning] = result.warnings
    assert "found up to 90 s (3 failures, 30 s apart)" in warning
    assert ("the next deploy" in warning) == has_shell
    assert ("retries: 1" in warning) != has_shell


def test_replicas_whose_connections_cannot_be_read_are_named(declared: Stack) -> None:
    traefik = FakeTraefik()
    own = traefik.engine.in_replica
    traefik.engine.in_replica = lambda name, argv: "" if argv[0] == "cat" else own(name, argv)
    found = [each for each in proxy(declared(traefik)).warnings if "not proven" in each]
    assert [each.split(": ")[1] for each in found] == list(APPS)


def test_a_replica_that_traefik_does_not_have_is_named(declared: Stack) -> None:
    traefik = FakeTraefik()
    traefik.listed, traefik.late = ["172.20.0.1", "172.20.0.2"], 99
    [warning] = proxy(declared(traefik)).warnings
    assert warning.startswith("may lose requests in a deploy: app-3: expected a server")


def test_replicas_with_contradicting_labels_are_named(declared: Stack) -> None:
    ctx = declared(FakeTraefik())
    odd = {**LABELS, "traefik.http.routers.app.rule": "Host(`other`)"}
    vars(ctx.stack.services["app-3"])["labels"] = odd
    assert "app-3, http.routers.app" in " ".join(proxy(ctx).warnings)


def test_a_plan_says_that_health_checks_are_extended(declared: Stack) -> None:
    [note] = load_balancer(declared(FakeTraefik())).rollout_notes(["app-1", "app-2"])
    assert note.startswith("the health check of each new container of app-1, app-2 also fails")


def test_a_plan_says_which_containers_lose_requests_this_time(declared: Stack) -> None:
    traefik = FakeTraefik()
    traefik.engine.by_name["app-2"] = routed(2, labels={"traefik.enable": "true"})
    _, note = load_balancer(declared(traefik)).rollout_notes(APPS)
    assert note.startswith("app-2 cannot be drained this time")


def test_the_new_container_gets_the_label_of_the_drain_check(declared: Stack) -> None:
    ctx = declared(FakeTraefik())
    own = load_balancer(ctx).candidate_labels(ctx.service("app-1"))
    assert own == {labels.DRAIN_CHECK: "80 /dev/shm/cosmicdeploy-drain"}
    vars(ctx.stack.services["app-1"])["ipc"] = "host"
    shared = load_balancer(ctx).candidate_labels(ctx.service("app-1"))
    assert shared != own, "containers that share /dev/shm have drain files of their own"


def test_it_gets_the_label_before_traefik_runs(declared: Stack) -> None:
    """As with `up`: the replicas are created first."""
    traefik = FakeTraefik()
    ctx = declared(traefik)
    del traefik.engine.by_name["proxy"]
    assert not load_balancer(ctx).candidate_labels(ctx.service("app-1"))
    vars(ctx.stack.services["proxy"])["image"] = "registry.example/traefik:v3"
    assert load_balancer(ctx).candidate_labels(ctx.service("app-1"))


def test_a_release_with_other_labels_is_announced_with_the_way_around(declared: Stack) -> None:
    ctx = declared(FakeTraefik())
    assert load_balancer(ctx).conflicts(APPS) == {}
    changed = {**LABELS, "traefik.http.routers.app.rule": "Host(`other`)"}
    for name in APPS:
        vars(ctx.stack.services[name])["labels"] = changed
    found = load_balancer(ctx).conflicts(["app-1"])
    assert list(found) == ["app-1"]
    assert "http.routers.app" in found["app-1"] and "give it a new name" in found["app-1"]


def test_the_static_configuration_may_be_in_a_file(declared: Stack) -> None:
    traefik = FakeTraefik()
    traefik.engine.files = {
        "/etc/traefik/traefik.yml": "entryPoints:\n  traefik:\n    address: 127.0.0.1:9000\n"
    }
    assert proxy(declared(traefik)).ok
    asked = [argv for name, argv in traefik.engine.commands if "/api/http/services" in argv[-1]]
    assert asked[0][-3:-1] == ["127.0.0.1", "9000"]
