"""The order of services, and of groups of them, by their dependencies."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cosmicdeploy.stack.model import Stack
from cosmicdeploy.stack.order import ending, in_order, in_order_of_dependencies

pytestmark = pytest.mark.unit

FILE = """
services:
  app: {image: shop/app, depends_on: {setup: {condition: service_completed_successfully}}}
  setup: {image: shop/app, profiles: [once]}
"""


def test_a_dependency_without_an_active_profile_counts_nowhere(
    stack_of: Callable[..., Stack],
) -> None:
    optional = "{condition: service_completed_successfully, required: false}"
    text = FILE.replace("{condition: service_completed_successfully}", optional)
    stack = stack_of(text)
    assert (in_order(stack), ending(stack)) == (["app"], set())
    active = stack_of(text, env="COMPOSE_PROFILES=once\n")
    assert (in_order(active), ending(active)) == (["setup", "app"], {"setup"})


@pytest.mark.parametrize(("declared", "isolated"), [("", 128), (", cpu_shares: 64", 64)])
def test_an_isolated_container_never_gets_more_cpu_shares_than_declared(
    stack_of: Callable[..., Stack], declared: str, isolated: int
) -> None:
    service = stack_of(f"services: {{app: {{image: shop/app{declared}}}}}").services["app"]
    assert service.isolated().cpu_shares == isolated


@pytest.mark.parametrize(
    ("needs", "units", "expected"),
    [
        ({}, "a b c", "a b c"),
        ({"a": "b", "b": "c"}, "a b c", "c b a"),
        ({"a": "c"}, "a b c", "b c a"),
        # A circle of b1-b2 and c1-c2: the group of `a` only depends on it.
        ({"a": "b1", "b1": "c1", "c2": "b2"}, "a b1,b2 c1,c2", "b1,b2 c1,c2 a"),
        ({"a": "b1", "b1": "c1", "c2": "b2", "c1": "d"}, "a b1,b2 c1,c2 d", "d b1,b2 c1,c2 a"),
        # A circle of three groups, of which no single service sees all.
        ({"x": "a1", "a1": "b1", "b2": "c1", "c2": "a2"}, "x a1,a2 b1,b2 c1,c2",
         "a1,a2 c1,c2 b1,b2 x"),
    ],
)  # fmt: skip
def test_a_group_comes_after_those_that_it_depends_on(
    stack_of: Callable[..., Stack], needs: dict[str, str], units: str, expected: str
) -> None:
    groups = [tuple(unit.split(",")) for unit in units.split()]
    lines = [
        f"  {name}: {{image: x{f', depends_on: [{needs[name]}]' if name in needs else ''}}}"
        for group in groups
        for name in group
    ]
    stack = stack_of("services:\n" + "\n".join(lines) + "\n")
    ordered = in_order_of_dependencies(stack, groups)
    assert " ".join(",".join(group) for group in ordered) == expected
