"""The proxy's connections to a replica are read from the kernel's tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import ConnectionsUnread, EngineError
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
TO_APP = "   1: 090014AC:9C40 010014AC:0050 {} 00000000:00000000 00:00000000 00000000 33 0 1\n"
TO_OTHER = "   2: 090014AC:9C42 020014AC:0050 01 00000000:00000000 00:00000000 00000000 33 0 1\n"


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
    ctx, app = stack_of(ScriptedEngine(replicas_and_proxy())), replicas_and_proxy()["app-1"]
    for question in (is_reached, open_connections):
        with pytest.raises(ConnectionsUnread, match="cannot be read"):
            question(ctx, app)


def test_the_proxys_own_table_shows_what_is_open_to_an_image_without_cat(
    stack_of: Callable[..., Any],
) -> None:
    table = TO_APP.format("01") + TO_APP.format("08").replace("9C40", "9C41") + TO_OTHER
    engine = ScriptedEngine(replicas_and_proxy(), {("proxy", "cat"): HEADING + table})
    ctx, app = stack_of(engine), engine.containers["app-1"]
    assert open_connections(ctx, app) == {("172.20.0.9", 40000)}
    with pytest.raises(ConnectionsUnread):
        is_reached(ctx, app)


def test_an_engine_that_refuses_to_run_cat_is_no_other_error(stack_of: Callable[..., Any]) -> None:
    class Refusing(ScriptedEngine):
        def exec(self, container_id: str, argv: Sequence[str]) -> ExecResult:
            raise EngineError("executable file not found")

    engine = Refusing(replicas_and_proxy())
    with pytest.raises(ConnectionsUnread):
        open_connections(stack_of(engine), engine.containers["app-1"])
    app = replace(engine.containers["app-1"], status="exited")
    engine.containers["app-1"] = app
    with pytest.raises(EngineError, match="not found"):
        open_connections(stack_of(engine), app)
