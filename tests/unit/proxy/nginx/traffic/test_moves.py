"""A plan says which replicas may get a new address, and how this affects clients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cosmicdeploy.stack.model import Attachment
from cosmicdeploy.steps.rollout.planning.moves import described_reloads, possible_reloads
from tests.unit.proxy.engine import APPS, ScriptedEngine, replicas_and_proxy
from tests.unit.proxy.nginx.test_check import PROCESSES
from tests.unit.proxy.nginx.test_upstream_policy import DUMP

pytestmark = pytest.mark.unit

BY_NAME = " ".join(f"server {name};" for name in APPS)
FIXED = {name: f"172.20.0.{n}" for n, name in enumerate(APPS, 1)}


def reloads(
    stack_of: Callable[..., Any],
    servers: str = BY_NAME,
    addresses: Mapping[str, str] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Return the reloads that a rollout of the three replicas may need."""
    answers = {
        ("proxy", "nginx"): DUMP.format(f"upstream web {{ {servers} }}"),
        ("proxy", "sh"): PROCESSES,
    }
    ctx = stack_of(ScriptedEngine(replicas_and_proxy(), answers), **options)
    for name, service in ctx.stack.services.items():
        address = (addresses or {}).get(name)
        service.networks = (Attachment(network="net", ipv4_address=address),)
    return possible_reloads(ctx, APPS)


def test_replicas_that_nginx_knows_by_name_may_need_a_reload_each(
    stack_of: Callable[..., Any],
) -> None:
    found = reloads(stack_of)
    assert found == {"at_most": 3, "replicas": list(APPS)}
    text = described_reloads(found)
    assert "app-1, app-2, app-3 may change" in text and "reloaded up to 3 times" in text
    assert "closes clients' idle connections" in text and "fixed addresses" in text


def test_replicas_that_are_replaced_together_need_one_reload(stack_of: Callable[..., Any]) -> None:
    assert reloads(stack_of, max_unavailable=2)["at_most"] == 2


def test_only_replicas_without_a_fixed_address_are_named(stack_of: Callable[..., Any]) -> None:
    some = {name: address for name, address in FIXED.items() if name != "app-2"}
    assert reloads(stack_of, addresses=some) == {"at_most": 1, "replicas": ["app-2"]}
    assert described_reloads(reloads(stack_of, addresses=FIXED)) == ""


def test_no_reload_is_needed_if_nginx_knows_addresses_or_resolves_names_again_soon(
    stack_of: Callable[..., Any],
) -> None:
    assert reloads(stack_of, " ".join(f"server {each};" for each in FIXED.values())) == {}
    resolved = BY_NAME.replace(";", " resolve;")
    assert reloads(stack_of, f"resolver 127.0.0.11 valid=5s; {resolved}") == {}
    assert reloads(stack_of, f"resolver 127.0.0.11; {resolved}")["at_most"] == 3
