"""What is read from HAProxy's configuration files."""

from __future__ import annotations

import pytest

from cosmicdeploy.proxy.haproxy.advice import seconds
from cosmicdeploy.proxy.haproxy.configuration import keeps_clients, parse, servers

pytestmark = pytest.mark.unit

TEXT = """\
global
    stats socket /run/haproxy.sock mode 600 level admin  # for deploys

defaults first
    timeout connect 500ms
    option redispatch 1
    default-server check

backend app
    no option redispatch
    server app-1 app-1:8000 resolvers docker
    server app-2 "app-2:8000" no-check

defaults second
    timeout connect 5s

listen front from first
    bind :80
    server-template app 2-4 app:8000 resolvers docker
    stick on src
"""


def test_a_section_has_the_lines_of_its_defaults() -> None:
    _, _, app, _, front = parse({"haproxy.cfg": TEXT})
    assert (app.name, front.name) == ("app", "front")
    assert app.last("timeout", "connect") == front.last("timeout", "connect") == ("500ms",)
    assert front.has("option", "redispatch") and not app.has("option", "redispatch")
    assert keeps_clients(front) and not keeps_clients(app)


def test_servers_and_slots_are_found_with_their_parameters() -> None:
    _, _, app, _, front = parse({"haproxy.cfg": TEXT})
    first, second = servers(app)
    assert (first.address, first.is_checked, first.is_resolved) == ("app-1:8000", True, True)
    assert (second.address, second.is_checked, second.is_resolved) == ("app-2:8000", False, False)
    [slots] = servers(front)
    assert (slots.slots, slots.is_checked) == (3, True)


def test_sections_may_be_in_several_files() -> None:
    first, _, rest = TEXT.partition("defaults first")
    assert parse({"a": first, "b": f"defaults first{rest}"}) == parse({"haproxy.cfg": TEXT})


def test_a_damaged_line_is_split_at_its_spaces() -> None:
    [section] = parse({"a": "backend app\n  server a 'b:80 check\n\0\n"})
    [server] = servers(section)
    assert server.address == "'b:80"


@pytest.mark.parametrize(
    ("text", "expected"), [("500ms", 0.5), ("500", 0.5), ("5s", 5), ("1m", 60), ("10us", 1e-5)]
)
def test_times_are_parsed_as_haproxy_does(text: str, expected: float) -> None:
    assert seconds(text) == pytest.approx(expected)
