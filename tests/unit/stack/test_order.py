"""The order of services by their dependencies."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cosmicdeploy.stack.model import Stack
from cosmicdeploy.stack.order import ending, in_order

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
