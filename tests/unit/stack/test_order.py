"""The order of groups of services that depend on each other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cosmicdeploy.stack.model import Stack
from cosmicdeploy.stack.order import in_order_of_dependencies

pytestmark = pytest.mark.unit


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
