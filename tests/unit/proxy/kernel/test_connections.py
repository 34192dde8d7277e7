"""The proxy's connections to a replica are read from the kernel's tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy.kernel.connections import is_reached, open_connections
from cosmicdeploy.proxy.kernel.sockets import read_tables
from tests.unit.proxy.engine import ScriptedEngine, replicas_and_proxy

HEADING = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
LISTENING = "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0\n"
FROM_PROXY_IPV6_MAPPED = (
    "   1: 0000000000000000FFFF0000010014AC:0050 0000000000000000FFFF0000090014AC:9C42 {} "
    "00000000:00000000 00:00000000 00000000 0\n"
)
FROM_PROXY = "   1: 010014AC:0050 090014AC:9C40 {} 00000000:00000000 00:00000000 00000000 33 0 1\n"
FROM_OTHER = "   2: 010014AC:0050 010014AC:9C41 01 00000000:00000000 00:00000000 00000000 33 0 1\n"
TO_DATABASE = "   3: 010014AC:9C43 090014AC:0CEA 01 00000000:00000000 00:00000000 00000000 33 0 1\n"


def test_addresses_are_read_in_the_machines_byte_order() -> None:
    first, second = read_tables(
        HEADING + FROM_PROXY.format("01") + HEADING + FROM_PROXY_IPV6_MAPPED.format("06")
    )
    assert (first.port, first.peer, first.peer_port, first.state) == (80, "172.20.0.9", 40000, 1)
    assert (second.port, second.peer, second.peer_port, second.state) == (80, first.peer, 40002, 6)


def test_an_ipv6_peer_keeps_its_address() -> None:
    loopback = "00000000000000000000000001000000"
    (found,) = read_tables(f"   0: {loopback}:0050 {loopback}:9C40 01 0:0 0:0 0\n")
    assert found.peer == "::1"


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (LISTENING, False),
        (FROM_OTHER, False),
        (TO_DATABASE, False),
        *((FROM_PROXY.format(state), True) for state in ("01", "06", "08")),
        (FROM_PROXY_IPV6_MAPPED.format("01"), True),
    ],
)
def test_only_the_proxys_connections_count(
    stack_of: Callable[..., Any], table: str, expected: bool
) -> None:
    engine = ScriptedEngine(replicas_and_proxy(), {("app-1", "cat"): HEADING + LISTENING + table})
    assert is_reached(stack_of(engine), engine.containers["app-1"]) is expected


def test_only_established_connections_are_open(stack_of: Callable[..., Any]) -> None:
    table = FROM_PROXY.format("08") + FROM_PROXY_IPV6_MAPPED.format("01")
    engine = ScriptedEngine(replicas_and_proxy(), {("app-1", "cat"): HEADING + table})
    found = open_connections(stack_of(engine), engine.containers["app-1"])
    assert found == {("172.20.0.9", 40002)}


def test_tables_that_cannot_be_read_are_an_error(stack_of: Callable[..., Any]) -> None:
    with pytest.raises(EngineError, match="cannot be read"):
        is_reached(stack_of(ScriptedEngine(replicas_and_proxy())), replicas_and_proxy()["app-1"])
