"""Servers that an operator had taken out of service before a run stay out after its undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from cosmicdeploy.proxy import out_of_service, put_in_service, servers_out_before
from cosmicdeploy.proxy.recognition import load_balancer
from tests.unit.journal.journal_writer import BEFORE, Writer
from tests.unit.proxy.haproxy.conftest import CONFIGURATION, World, named
from tests.unit.proxy.haproxy.fake import FakeServer

pytestmark = pytest.mark.unit

Make = Callable[..., World]
MAINTENANCE, DRAINED = 1, 8


def begun(world: World, run: str, kind: str = "rollout", kept: Sequence[str] | None = None) -> None:
    """Record that a step of a run has begun; without `kept`, as an earlier version did."""
    before: dict[str, Any] = {**BEFORE["rollout"]}
    before |= {} if kept is None else {"out_of_service": kept}
    if kind == "restart-in-place":
        before |= {"containers": {}, "shielded": False}
    journal = Writer(world.ctx.journal.path).run(run).journal
    journal.append("intent", step=kind, step_kind=kind, options={}, change="c", before=before)


def put_all_in(world: World) -> dict[str, int]:
    """Put in service what an undo does; return the state of each server."""
    traffic = load_balancer(world.ctx).traffic()
    traffic.adopt()
    traffic.put_all_in()
    return {server.name: server.admin for server in world.haproxy.servers}


@pytest.mark.parametrize("kind", ["rollout", "restart-in-place"])
def test_a_server_in_maintenance_before_the_run_stays_so(world: Make, kind: str) -> None:
    stack = world()
    stack.server("app-2").admin = MAINTENANCE
    assert servers_out_before(stack.ctx) == {"out_of_service": ["app/app-2"]}
    begun(stack, "a", kind, ["app/app-2"])
    stack.server("app-1").admin = DRAINED
    assert out_of_service(stack.ctx) == ["app-1"]
    put_in_service(stack.ctx, "app-2")
    assert put_all_in(stack) == {"app-1": 0, "app-2": MAINTENANCE, "app-3": 0}


def test_the_servers_of_others_are_neither_recorded_nor_changed(world: Make) -> None:
    other = FakeServer("shop", "web", "172.20.0.99", "web", admin=DRAINED)
    stack = world([*named(), other])
    assert servers_out_before(stack.ctx) == {}
    assert put_all_in(stack)["web"] == DRAINED
    assert stack.haproxy.changes == []


def test_after_a_run_of_an_earlier_version_all_replicas_are_put_in_service(world: Make) -> None:
    stack = world()
    stack.server("app-2").admin = MAINTENANCE
    begun(stack, "a")
    assert put_all_in(stack) == {"app-1": 0, "app-2": 0, "app-3": 0}


def test_what_an_interrupted_run_drained_is_not_recorded_as_an_operators(world: Make) -> None:
    stack = world()
    stack.server("app-1").admin, stack.server("app-2").admin = DRAINED, MAINTENANCE
    begun(stack, "a", kept=["app/app-2", "app/app-3"])
    assert servers_out_before(stack.ctx) == {"out_of_service": ["app/app-2"]}


def test_the_record_of_the_first_run_counts(world: Make) -> None:
    stack = world()
    stack.server("app-1").admin = stack.server("app-2").admin = MAINTENANCE
    begun(stack, "a", kept=["app/app-2"])
    begun(stack, "b", kept=["app/app-1"])
    assert put_all_in(stack) == {"app-1": 0, "app-2": MAINTENANCE, "app-3": 0}


@pytest.mark.parametrize("fqdn", ["-", "app-1"])
def test_a_server_with_the_address_of_a_container_that_is_gone_is_put_in(
    world: Make, fqdn: str
) -> None:
    servers = named()
    servers[0] = replace(servers[0], address="172.20.0.77", fqdn=fqdn, admin=DRAINED)
    stack = world(servers, CONFIGURATION.replace(" resolvers docker\n", "\n"))
    assert out_of_service(stack.ctx) == ["app-1"]
    assert put_all_in(stack)["app-1"] == 0


def test_a_silent_socket_leaves_no_record(world: Make) -> None:
    stack = world(text=CONFIGURATION.replace("stats socket", "# stats socket"))
    stack.server("app-2").admin = MAINTENANCE
    assert servers_out_before(stack.ctx) == {}
