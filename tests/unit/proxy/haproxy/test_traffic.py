"""Replicas are drained and put in service again by HAProxy's runtime socket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cosmicdeploy.errors import EngineError, ProbeFailed
from cosmicdeploy.events import Event
from cosmicdeploy.proxy import out_of_service, put_in_service
from cosmicdeploy.proxy.haproxy import traffic as module
from cosmicdeploy.proxy.recognition import load_balancer
from tests.unit.proxy.engine import container
from tests.unit.proxy.haproxy.conftest import CONFIGURATION, World, named
from tests.unit.proxy.haproxy.fake import FakeServer

pytestmark = pytest.mark.unit

TEMPLATE = CONFIGURATION.partition("backend app")[0] + (
    "backend app\n    server-template app 4 app:80 resolvers docker\n"
)
CANDIDATE = "app-1-next-0123abcd"
Make = Callable[..., World]


def take_out(world: World, *names: str) -> module.HAProxyTraffic:
    """Take replicas out of service that stop together."""
    found = load_balancer(world.ctx).traffic()
    assert isinstance(found, module.HAProxyTraffic)
    found.before_stop({name: world.engine.by_name[name] for name in names})
    for name in names:
        assert found.can_take_out(name, is_alone=len(names) == 1)
        found.take_out(name, world.engine.by_name[name], until_finished=False)
    return found


def slots() -> list[FakeServer]:
    used = [FakeServer("app", f"app{n}", f"172.20.0.{n}", "app") for n in (1, 2, 3)]
    return [*used, FakeServer("app", "app4", "", "app", op=0, admin=0x20)]


def test_haproxy_is_recognized_by_its_process(world: Make) -> None:
    assert load_balancer(world().ctx).name == "HAProxy"


def test_a_replica_is_drained_and_ready_again_at_the_same_address(world: Make) -> None:
    stack = world()
    traffic = take_out(stack, "app-1")
    assert stack.server("app-1").admin == 8
    assert out_of_service(stack.ctx) == ["app-1"]
    traffic.put_in(["app-1"], moved=False)
    assert stack.haproxy.changes == [
        "set server app/app-1 state drain",
        "set server app/app-1 state ready",
    ]
    assert out_of_service(stack.ctx) == []


def test_requests_in_flight_are_waited_for(world: Make) -> None:
    stack = world()
    stack.server("app-1").sessions, answers = 2, list[int]()

    def finish() -> None:
        answers.append(1)
        if len(answers) > 12:
            stack.server("app-1").sessions = 0

    stack.haproxy.before_answer = finish  # type: ignore[method-assign]
    traffic = load_balancer(stack.ctx).traffic()
    traffic.take_out("app-1", stack.engine.by_name["app-1"], until_finished=True)
    assert stack.server("app-1").sessions == 0


def test_haproxy_is_waited_for_until_it_knows_the_new_address(world: Make) -> None:
    """HAProxy resolves the name by itself, so no address is set."""
    stack = world()
    traffic = take_out(stack, "app-1")
    stack.engine.move("app-1", "172.20.0.7")
    stack.server("app-1").address, asked = "", list[int]()

    def resolve() -> None:
        asked.append(1)
        if len(asked) == 4:
            stack.server("app-1").address = "172.20.0.7"

    stack.haproxy.before_answer = resolve  # type: ignore[method-assign]
    traffic.put_in(["app-1"], moved=True)
    assert (stack.server("app-1").admin, stack.server("app-1").address) == (0, "172.20.0.7")
    assert not any(" addr " in change for change in stack.haproxy.changes)


def test_a_name_that_haproxy_resolves_only_at_its_start_gets_its_address_by_the_socket(
    world: Make,
) -> None:
    servers = [FakeServer("app", f"app-{n}", f"172.20.0.{n}") for n in (1, 2, 3)]
    stack = world(servers, CONFIGURATION.replace(" resolvers docker\n", "\n"))
    traffic = take_out(stack, "app-1")
    stack.engine.move("app-1", "172.20.0.7")
    traffic.put_in(["app-1"], moved=True)
    assert stack.haproxy.changes[1:] == [
        "set server app/app-1 addr 172.20.0.7",
        "set server app/app-1 state ready",
    ]


def test_no_further_replica_is_stopped_if_haproxy_does_not_use_the_new_container(
    world: Make,
) -> None:
    stack = world()
    traffic = take_out(stack, "app-1")
    stack.engine.move("app-1", "172.20.0.7")
    with pytest.raises(ProbeFailed, match="HAProxy sends no requests to app-1") as raised:
        traffic.put_in(["app-1"], moved=True)
    assert "app/app-1: address 172.20.0.1" in raised.value.details[0]


def test_the_only_server_that_is_left_is_not_taken_out(world: Make) -> None:
    stack = world()
    stack.server("app-2").op = 0
    stack.server("app-3").admin = 1
    traffic = load_balancer(stack.ctx).traffic()
    traffic.before_stop({"app-1": stack.engine.by_name["app-1"]})
    assert not traffic.can_take_out("app-1", is_alone=True)


def test_replicas_that_stop_together_need_another_one(world: Make) -> None:
    stack = world()
    take_out(stack, "app-1", "app-2")
    stack = world()
    traffic = load_balancer(stack.ctx).traffic()
    traffic.before_stop({name: stack.engine.by_name[name] for name in ("app-1", "app-2", "app-3")})
    assert not traffic.can_take_out("app-3", is_alone=False)


def test_known_clients_are_kept_away_too(world: Make) -> None:
    stack = world(text=CONFIGURATION + "    cookie SERVER insert\n")
    take_out(stack, "app-1")
    assert stack.haproxy.changes == ["set server app/app-1 state maint"]


def test_a_single_replica_is_switched_at_once_while_both_containers_run(world: Make) -> None:
    one = CONFIGURATION.replace("    server app-2 app-2:80 resolvers docker\n", "").replace(
        "    server app-3 app-3:80 resolvers docker\n", ""
    )
    stack = world(named()[:1], one)
    old = stack.engine.supersede("app-1", "172.20.0.7")
    traffic = load_balancer(stack.ctx).traffic()
    traffic.put_in(["app-1"], moved=True)
    assert stack.haproxy.changes == ["set server app/app-1 addr 172.20.0.7"]
    stack.engine.in_replica = lambda _name, _argv: "  sl  local_address\n"
    assert traffic.take_out_beside("app-1", old, until_finished=True)
    traffic.superseded_stopped(["app-1"])
    assert len(stack.haproxy.changes) == 1


def only_server(world: Make) -> World:
    """Return a world whose only server has the address of a candidate beside app-1."""
    one = CONFIGURATION.partition("    server app-2")[0]
    stack = world([FakeServer("app", "app-1", "172.20.0.7", "app-1")], one)
    stack.engine.by_name[CANDIDATE] = container("app-1", "172.20.0.7", id="new")
    stack.engine.in_replica = lambda _name, _argv: "  sl  local_address\n"
    return stack


def test_the_only_server_is_switched_to_the_container_in_place_and_not_drained(
    world: Make,
) -> None:
    stack = only_server(world)
    traffic, candidate = load_balancer(stack.ctx).traffic(), stack.engine.by_name[CANDIDATE]
    assert traffic.take_out_beside("app-1", candidate, until_finished=True)
    assert stack.haproxy.changes == ["set server app/app-1 addr 172.20.0.1"]


def test_the_only_server_stays_if_the_container_in_place_cannot_serve(world: Make) -> None:
    stack = only_server(world)
    stack.engine.by_name["app-1"] = replace(stack.engine.by_name["app-1"], health="unhealthy")
    traffic, candidate = load_balancer(stack.ctx).traffic(), stack.engine.by_name[CANDIDATE]
    assert not traffic.take_out_beside("app-1", candidate, until_finished=True)
    assert stack.haproxy.changes == []


def test_a_free_slot_takes_the_new_container_and_the_old_slot_becomes_free(world: Make) -> None:
    stack = world(slots(), TEMPLATE)
    old = stack.engine.supersede("app-1", "172.20.0.7")
    stack.server("app4").address, stack.server("app4").op, stack.server("app4").admin = (
        "172.20.0.7",
        2,
        0,
    )
    traffic = load_balancer(stack.ctx).traffic()
    traffic.put_in(["app-1"], moved=True)
    assert traffic.take_out_beside("app-1", old, until_finished=True)
    assert stack.haproxy.changes == ["set server app/app1 state drain"]
    stack.server("app1").address, stack.server("app1").admin = "", 0x28
    traffic.superseded_stopped(["app-1"])
    assert stack.haproxy.changes[1:] == ["set server app/app1 state ready"]


def test_a_slot_with_the_address_of_a_stopped_container_stays_out(
    world: Make, events: list[Event]
) -> None:
    stack = world(slots(), TEMPLATE)
    old = stack.engine.by_name["app-1"]
    traffic = load_balancer(stack.ctx).traffic()
    traffic.take_out_beside("app-1", old, until_finished=True)
    traffic.superseded_stopped(["app-1"])
    assert stack.server("app1").admin == 8
    assert "app/app1 stay out of service" in str(events[-1])


def test_a_slot_that_a_killed_run_left_drained_is_found_and_made_ready(world: Make) -> None:
    left = slots()
    left[3].admin = 0x28
    stack = world(left, TEMPLATE)
    for service in stack.ctx.stack.services.values():
        service.compose_name = "app"
    assert out_of_service(stack.ctx) == ["app-1"]
    put_in_service(stack.ctx, "app-1")
    assert stack.haproxy.changes == ["set server app/app4 state ready"]


def test_a_replica_that_a_killed_run_left_drained_is_let_in_and_waited_for(world: Make) -> None:
    stack = world()
    stack.server("app-2").admin, stack.server("app-2").op = 8, 0
    answers = list[int]()

    def check() -> None:
        answers.append(1)
        if len(answers) > 8 and not stack.server("app-2").admin:
            stack.server("app-2").op = 2

    stack.haproxy.before_answer = check  # type: ignore[method-assign]
    traffic = load_balancer(stack.ctx).traffic()
    traffic.adopt()
    assert traffic.drained() == ["app-2"]
    traffic.put_in(["app-2"], moved=False)
    assert (stack.server("app-2").admin, stack.server("app-2").op) == (0, 2)


def test_a_drained_replica_that_cannot_serve_is_not_let_in(world: Make) -> None:
    stack = world()
    stack.server("app-2").admin = 8
    stack.engine.by_name["app-2"] = replace(stack.engine.by_name["app-2"], health="starting")
    traffic = load_balancer(stack.ctx).traffic()
    traffic.adopt()
    assert traffic.drained() == []


def test_a_server_that_an_operator_took_out_stays_out(world: Make) -> None:
    stack = world()
    stack.server("app-2").admin = 1
    traffic = take_out(stack, "app-1")
    traffic.put_in(["app-1"], moved=False)
    assert stack.server("app-2").admin == 1


def test_a_socket_that_allows_no_change_ends_the_rollout_before_anything_stops(
    world: Make,
) -> None:
    stack = world()
    stack.haproxy.denies = True
    traffic = load_balancer(stack.ctx).traffic()
    with pytest.raises(Exception, match="does not allow changes"):
        traffic.take_out("app-1", stack.engine.by_name["app-1"], until_finished=False)


def test_without_a_socket_haproxy_is_only_observed(world: Make, events: list[Event]) -> None:
    stack = world(text=CONFIGURATION.replace("stats socket", "# stats socket"))
    traffic = load_balancer(stack.ctx).traffic()
    traffic.before_stop({"app-1": stack.engine.by_name["app-1"]})
    assert not traffic.can_take_out("app-1", is_alone=True)
    assert "HAProxy is only observed" in str(events[-1])
    assert out_of_service(stack.ctx) == []


def test_a_socket_that_may_only_be_read_means_that_haproxy_is_only_observed(
    world: Make, events: list[Event]
) -> None:
    stack = world(text=CONFIGURATION.replace(" level admin", ""))
    traffic = load_balancer(stack.ctx).traffic()
    assert not traffic.can_take_out("app-1", is_alone=True)
    assert "runtime socket may only be read" in str(events[-1])


def test_a_server_gets_the_address_in_the_proxys_network(world: Make) -> None:
    stack = world(text=CONFIGURATION.replace(" resolvers docker", ""))
    traffic = load_balancer(stack.ctx).traffic()
    former = stack.engine.by_name["app-1"]
    traffic.before_stop({"app-1": former})
    network = next(iter(former.addresses))
    moved = replace(former, addresses={"a-backend": "10.9.9.9", network: "172.20.0.7"})
    stack.engine.by_name["app-1"] = moved
    traffic.put_in(["app-1"], moved=True)
    assert stack.server("app-1").address == "172.20.0.7"


def test_a_name_that_could_be_a_second_command_is_refused(world: Make) -> None:
    odd = named()
    odd[0].name = "app-1;shutdown"
    stack = world(odd)
    traffic = load_balancer(stack.ctx).traffic()
    with pytest.raises(EngineError, match="unusable name"):
        traffic.take_out("app-1", stack.engine.by_name["app-1"], until_finished=False)
    assert stack.haproxy.changes == []


def test_haproxys_own_counts_are_those_of_its_backends(world: Make) -> None:
    stack = world()
    counts = load_balancer(stack.ctx).failures()
    assert counts["retries"] == 2 and counts["responses 5xx"] == 1
