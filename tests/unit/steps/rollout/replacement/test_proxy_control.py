"""Which container of a replica gets requests while the other one is about to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from cosmicdeploy import proxy
from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import LockLost, ProbeFailed
from cosmicdeploy.events import Event
from cosmicdeploy.proxy.traffic import ObservedTraffic
from cosmicdeploy.steps.rollout.replacement.proxy_control import ProxyControl
from cosmicdeploy.steps.rollout.replacement.timings import Phases
from tests.unit.proxy.engine import container
from tests.unit.proxy.running import RunningEngine, replicas, running_stack

pytestmark = pytest.mark.unit

STATUS = "Name:\tapp\nPid:\t1\nPPid:\t0\nSigBlk:\t0\nSigCgt:\t{}\n"
HANDLES, IGNORES = STATUS.format("4000"), STATUS.format("0")


class Recorded(ObservedTraffic):
    """Records what is asked of it.

    `can` says whether containers can be taken out, and `left` are the replicas that a killed run
    left drained.
    """

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self.can, self.left = True, list[str]()
        self.asked: list[tuple[Any, ...]] = []

    def can_take_out(self, name: str, *, is_alone: bool) -> bool:
        return self.can

    def take_out(self, name: str, container: Container, *, until_finished: bool) -> None:
        self.asked.append(("out", container.id, until_finished))

    def take_out_beside(self, name: str, container: Container, *, until_finished: bool) -> bool:
        self.asked.append(("out beside", container.id, until_finished))
        return self.can

    def adopt(self) -> None:
        self.asked.append(("adopt",))

    def drained(self) -> list[str]:
        return self.left

    def put_in(self, names: Sequence[str], *, moved: bool) -> None:
        self.asked.append(("in", tuple(names)))

    def readmit(self, name: str, container: Container) -> None:
        self.asked.append(("readmit", container.id))


class World:
    def __init__(self, ctx: Context, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
        self.engine = RunningEngine(replicas(), lambda _argv: "")
        self.engine.in_replica = lambda _name, _argv: status
        self.ctx = running_stack(ctx, self.engine)
        self.traffic = Recorded(self.ctx)
        balancer = type("Balancer", (), {"traffic": lambda _: self.traffic})()
        monkeypatch.setattr(proxy, "load_balancer", lambda _: balancer)
        self.control = ProxyControl(self.ctx, Phases())

    def beside(self, role: str, container_id: str, status: str = "running") -> None:
        """Add a container beside the one in place."""
        name = f"app-1-{role}-0123abcd"
        other = container("app-1", "172.20.0.9", id=container_id, status=status)
        self.engine.by_name[name] = replace(other, name=name)


@pytest.fixture
def world(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(ctx, monkeypatch, HANDLES)


def asked(world: World, *expected: Sequence[object]) -> None:
    assert world.traffic.asked == list(expected)


def test_a_superseded_container_is_taken_out_before_it_stops(world: World) -> None:
    world.beside("before", "old")
    assert world.control.take_superseded_out(world.ctx.service("app-1")) == 1.0
    asked(world, ("out beside", "old", False))


@pytest.mark.parametrize(("can", "grace"), [(True, 0.0), (False, 1.0)])
def test_one_that_ignores_its_stop_signal_is_killed_once_it_is_drained(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, can: bool, grace: float
) -> None:
    world = World(ctx, monkeypatch, IGNORES)
    world.traffic.can = can
    world.beside("before", "old")
    assert world.control.take_superseded_out(world.ctx.service("app-1")) == grace
    asked(world, ("out beside", "old", True))


def test_an_undo_lets_the_former_container_in_before_the_new_one_is_drained(world: World) -> None:
    world.engine.by_name["app-1"] = container("app-1", "172.20.0.7", id="new")
    world.beside("before", "old")
    world.control.hand_back("app-1", "old")
    asked(world, ("readmit", "old"), ("out beside", "new", True))


def test_an_undo_drains_the_new_container_if_the_former_one_has_stopped(world: World) -> None:
    world.engine.by_name["app-1"] = container("app-1", "172.20.0.7", id="new")
    world.beside("before", "old", status="exited")
    world.control.hand_back("app-1", "old")
    asked(world, ("out", "new", False))


def test_an_undo_drains_a_candidate_beside_the_container_in_place(world: World) -> None:
    world.beside("next", "new")
    world.control.hand_back("app-1", "app-1")
    asked(world, ("out beside", "new", True))


def test_an_undo_of_what_is_no_replica_leaves_the_proxy_alone(world: World) -> None:
    world.control.hand_back("proxy", "old")
    asked(world)


def test_replicas_that_a_killed_run_left_drained_get_requests_again(world: World) -> None:
    world.traffic.left = ["app-2"]
    world.control.restore_drained()
    asked(world, ("adopt",), ("in", ("app-2",)))


def test_nothing_is_waited_for_if_no_replica_is_drained(world: World) -> None:
    world.control.restore_drained()
    asked(world, ("adopt",))


def test_a_proxy_that_does_not_use_a_drained_replica_is_reported(
    world: World, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ProbeFailed("HAProxy sends no requests to app-2")

    world.traffic.left = ["app-2"]
    monkeypatch.setattr(world.traffic, "put_in", refuse)
    world.control.restore_drained()
    assert "may stay out of service: HAProxy sends no requests to app-2" in str(events[-1])


def test_a_lost_lock_is_raised(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose() -> None:
        raise LockLost("another run took over")

    monkeypatch.setattr(world.traffic, "adopt", lose)
    with pytest.raises(LockLost):
        world.control.restore_drained()


def test_a_container_beside_the_one_in_place_is_drained_where_the_proxy_can(world: World) -> None:
    world.beside("next", "new")
    candidate = world.engine.by_name["app-1-next-0123abcd"]
    assert world.control.drain_beside("app-1", candidate)
    world.traffic.can = False
    assert not world.control.drain_beside("app-1", candidate)
    assert not world.control.drain_beside("proxy", candidate)
    asked(world, *(("out beside", "new", True),) * 2)
