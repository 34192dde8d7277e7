"""What the verification says about Caddy, and which changed files a reload applies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.proxy.check import proxy
from cosmicdeploy.proxy.recognition import load_balancer
from tests.unit.proxy.caddy.fake import (
    PLAIN,
    SECOND,
    FakeCaddy,
    active,
    configuration,
    reverse_proxy,
)

pytestmark = pytest.mark.unit

Stack = Callable[..., Any]
DIALS = ("app-1:80", "app-2:80", "app-3:80")


def test_a_complete_configuration_has_no_warnings(stack_behind: Stack) -> None:
    result = proxy(stack_behind(FakeCaddy()))
    assert (result.ok, result.warnings, result.found) == (True, (), "Caddy knows 3 replicas")


@pytest.mark.parametrize(
    ("handler", "warning", "stake"),
    [
        (reverse_proxy(*DIALS, load_balancing={}), "another try", "requests"),
        (reverse_proxy(*DIALS[:2]), "app-3: expected an upstream of Caddy", "requests"),
        (reverse_proxy(*DIALS, health_checks={}), "a replica that is down is skipped", "clients"),
        (reverse_proxy(*DIALS, transport={}), "dial_timeout of 1 s at most, found 3 s", "clients"),
        (reverse_proxy(*DIALS, **active(interval="30s")), "noticed soon, found 30.4 s", "deploys"),
    ],
)
def test_what_is_missing_is_named_with_its_cost(
    stack_behind: Stack, handler: dict[str, Any], warning: str, stake: str
) -> None:
    result = proxy(stack_behind(FakeCaddy(configuration({"handle": [handler]}))))
    assert (result.ok, result.stake) == (True, stake)
    assert warning in " ".join(result.warnings)


@pytest.mark.parametrize(
    ("tries", "is_named"), [(0.4, True), (0.5, True), (0.6, False), (4.0, False)]
)
def test_a_try_that_may_take_all_the_time_for_tries_is_named(
    stack_behind: Stack, tries: float, is_named: bool
) -> None:
    """Its address may be silent: Caddy then tries no other replica."""
    handler = reverse_proxy(*DIALS, load_balancing={"try_duration": round(tries * SECOND)})
    result = proxy(stack_behind(FakeCaddy(configuration({"handle": [handler]}))))
    assert result.stake == ("requests" if is_named else "")
    assert ("lb_try_duration of more than dial_timeout" in " ".join(result.warnings)) == is_named


def test_a_flag_file_that_caddy_does_not_look_for_is_named(stack_behind: Stack) -> None:
    warnings = proxy(stack_behind(FakeCaddy(), out="/run/out/{service}")).warnings
    assert "app-1: expected a route that looks for /run/out/app-1" in warnings[0]


@pytest.mark.parametrize(("uri", "is_named"), [(None, True), ("/drained", False)])
def test_a_drain_file_that_makes_the_clients_path_fail_is_named(
    stack_behind: Stack, uri: str | None, is_named: bool
) -> None:
    [application] = stack_behind(FakeCaddy()).settings.all_applications
    handler = reverse_proxy(*DIALS, **active(uri=uri or application.health_path))
    caddy = FakeCaddy(configuration({"handle": [handler]}))
    warnings = proxy(stack_behind(caddy, drain_file="/dev/shm/drain")).warnings
    assert any("a path that no client requests" in each for each in warnings) == is_named


def test_a_file_that_caddy_does_not_accept_fails_the_point(stack_behind: Stack) -> None:
    result = proxy(stack_behind(FakeCaddy(refuses="Caddyfile:3: unexpected token")))
    assert not result.ok and "does not accept" in result.found


def test_a_changed_file_is_applied_by_a_reload(stack_behind: Stack) -> None:
    caddy = FakeCaddy(running=PLAIN, file=configuration({"handle": [reverse_proxy("app-1:80")]}))
    ctx = stack_behind(caddy)
    files = load_balancer(ctx).configuration()
    assert files is not None
    assert files.effect_of("/etc/caddy/Caddyfile", "changed") == "reload"
    assert files.effect_of("/srv/index.html", "changed") == "container"
    files.require_valid()
    files.reload()
    again = load_balancer(ctx).configuration()
    assert again is not None and caddy.reloads == 1
    assert again.effect_of("/etc/caddy/Caddyfile", "changed") == "none", "Caddy runs with it"


def test_a_file_that_caddy_refuses_is_refused_before_the_reload(stack_behind: Stack) -> None:
    files = load_balancer(stack_behind(FakeCaddy(refuses="no"))).configuration()
    assert files is not None and files.effect_of("/etc/caddy/Caddyfile", "changed") == "reload"
    with pytest.raises(ConfigError, match="validate"):
        files.require_valid()


def test_without_the_admin_endpoint_nothing_can_be_reloaded(stack_behind: Stack) -> None:
    assert load_balancer(stack_behind(FakeCaddy(has_admin=False))).configuration() is None
