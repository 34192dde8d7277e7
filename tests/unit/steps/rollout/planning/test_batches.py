"""The batches in which a rollout replaces replicas."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.run_notes import RunNotes
from cosmicdeploy.settings.pace import Pace
from cosmicdeploy.stack.model import Attachment, Network, Pool, Service
from cosmicdeploy.steps.rollout.planning.batches import addresses_are_kept, batches, grouped, parts
from cosmicdeploy.steps.rollout.replacement.timings import Phases

REPLICAS = ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        (Pace(), [["a"], ["b"], ["c"], ["d"], ["e"]]),
        (Pace(at_a_time=2), [["a", "b"], ["c", "d"], ["e"]]),
        (Pace(at_a_time=9), [["a", "b", "c", "d"], ["e"]]),
        (Pace(at_a_time=None), [["a", "b", "c", "d"], ["e"]]),
        (Pace(order="start-first", at_a_time=3), [["a", "b", "c"], ["d", "e"]]),
        (Pace(order="start-first", at_a_time=None), [REPLICAS]),
    ],
)
def test_one_replica_always_serves(pace: Pace, expected: list[list[str]]) -> None:
    assert batches(REPLICAS, REPLICAS, pace) == expected


def test_replicas_that_do_not_serve_are_replaced_first_and_at_once() -> None:
    assert batches(REPLICAS, ["a", "c", "e"], Pace()) == [["b", "d"], ["a"], ["c"], ["e"]]
    assert batches(REPLICAS, [], Pace()) == [REPLICAS]


def test_replicas_outside_of_the_rollout_are_left_alone() -> None:
    assert batches(["c"], REPLICAS, Pace(at_a_time=3)) == [["c"]]


def test_the_only_replica_is_replaced_too() -> None:
    assert batches(["a"], ["a"], Pace()) == [["a"]]


def test_services_are_divided_into_parts_and_groups() -> None:
    assert parts(REPLICAS, 2) == [["a", "b"], ["c", "d"], ["e"]]
    assert (parts(REPLICAS, None), parts([], None)) == ([REPLICAS], [])
    assert grouped(["a1", "b1", "a2"], lambda name: name[0]) == [["a1", "a2"], ["b1"]]


def test_needed_seconds_leave_out_the_waits_of_the_deployer() -> None:
    phases = Phases()
    for phase, seconds in (("create", 1.0), ("drain", 2.0), ("start", 3.0), ("healthy", 4.0)):
        phases.add("a", phase, seconds)
    phases.add("a", "passes", 5.0)
    phases.add("a", "in service", 6.0)
    phases.add("b", "create", 0.5)
    phases.add("b", "create", 0.5)
    facts = phases.facts(30.0)
    assert (facts["needed"], facts["seconds"]) == (11.0, 30.0)
    assert facts["services"]["b"] == {"create": 1.0}  # type: ignore[index]


def test_phases_are_noted_with_their_times() -> None:
    notes = RunNotes()
    phases = Phases(notes)
    phases.add("a", "healthy", 2.0, ended=notes.began + 5.0)
    with phases.of("a", "passes"):
        pass
    healthy, passes = notes.phases
    assert (healthy.phase, healthy.began, healthy.ended) == ("healthy", 3.0, 5.0)
    assert passes.phase == "passes" and 0 <= passes.began <= passes.ended < 5


@pytest.mark.parametrize(
    ("address", "ip_range", "proxy", "expected"),
    [
        ("172.30.0.11", "172.30.0.128/25", "nginx", True),
        ("172.30.0.11", None, "nginx", False),
        (None, None, None, True),
        (None, "172.30.0.128/25", "nginx", False),
    ],
)
def test_addresses_are_kept_if_no_other_container_can_get_them(
    address: str | None, ip_range: str | None, proxy: str | None, expected: bool
) -> None:
    place = Attachment(network="p_net", ipv4_address=address)
    replica = Service(name="a", container_name="a", image="i", networks=(place,))
    pool = Pool(subnet="172.30.0.0/24", ip_range=ip_range)
    network = Network(key="net", name="p_net", pools=(pool,))
    ctx: Any = SimpleNamespace(
        settings=SimpleNamespace(services=SimpleNamespace(app=("a",), proxy=proxy)),
        service=lambda _name: replica,
        stack=SimpleNamespace(networks={"net": network}),
    )
    assert addresses_are_kept(ctx) is expected
