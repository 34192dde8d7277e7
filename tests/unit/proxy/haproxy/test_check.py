"""The point `proxy` names what HAProxy lacks, and fails if HAProxy would not start."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cosmicdeploy.proxy.check import proxy
from tests.unit.proxy.haproxy.conftest import CONFIGURATION, World, named

pytestmark = pytest.mark.unit

Make = Callable[..., World]


def test_a_complete_configuration_has_no_warnings(world: Make) -> None:
    result = proxy(world().ctx)
    assert (result.ok, result.warnings) == (True, ())
    assert result.found == "HAProxy knows 3 replicas, in 1 backend"


@pytest.mark.parametrize(
    ("line", "replacement", "warning", "stake"),
    [
        ("stats socket", "# ", "global: expected a runtime socket", "requests"),
        ("500ms\n    default", "5s\n    default", "timeout connect of 1 s at most, found 5s",
         "clients"),
        ("default-server check", "# ", "app-1: expected a health check", "clients"),
        ("hold valid 1s", "", "expected addresses that expire soon, found 10s", "deploys"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_with_its_cost(
    world: Make, line: str, replacement: str, warning: str, stake: str
) -> None:
    assert line in CONFIGURATION
    result = proxy(world(text=CONFIGURATION.replace(line, replacement)).ctx)
    assert (result.ok, result.stake) == (True, stake)
    assert warning in " ".join(result.warnings)


def test_a_template_needs_slots_for_all_replicas(world: Make) -> None:
    text = CONFIGURATION.partition("backend app")[0]
    text += "backend app\n  server-template app 2 app:80 resolvers docker\n"
    [warning] = proxy(world(text=text).ctx).warnings
    assert "expected 3 slots" in warning


def test_a_replica_without_a_server_and_one_out_of_service_are_named(world: Make) -> None:
    stack = world(named()[:2])
    stack.server("app-2").admin = 8
    first, second = proxy(stack.ctx).warnings
    assert "app-3: expected a server in HAProxy's backend" in first
    assert "set server app/app-2 state ready" in second


def test_a_configuration_that_haproxy_refuses_fails_the_point(world: Make) -> None:
    stack = world()
    stack.haproxy.is_valid = False
    result = proxy(stack.ctx)
    assert not result.ok and "would not start" in result.found


@pytest.mark.parametrize("is_readable", [True, False])
def test_start_first_a_replica_whose_connections_cannot_be_read_is_named(
    world: Make, is_readable: bool
) -> None:
    stack = world()
    stack.engine.in_replica = lambda *_: "  sl  local_address\n" if is_readable else ""
    answer = stack.engine.answer
    stack.engine.answer = lambda argv: "" if argv[0] == "cat" else answer(argv)
    assert proxy(stack.ctx).warnings == ()
    settings = stack.ctx.settings
    order = settings.restart.order.model_copy(update={"app": "start-first"})
    restart = settings.restart.model_copy(update={"order": order})
    object.__setattr__(settings, "restart", restart)
    named = [each for each in proxy(stack.ctx).warnings if "not proven" in each]
    assert len(named) == (0 if is_readable else 3)
