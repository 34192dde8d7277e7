"""Find what HAProxy's configuration lacks for a rollout that loses no request.

docs/haproxy.md explains each line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from cosmicdeploy.proxy.findings import Finding
from cosmicdeploy.proxy.haproxy.configuration import (
    DeclaredServer,
    Section,
    servers,
    socket_of,
)
from cosmicdeploy.proxy.haproxy.process import NO_SOCKET_TODO, SOCKET_LINE
from cosmicdeploy.proxy.haproxy.replicas import sections_with

# What a deploy loses if HAProxy only finds out by itself that a replica is down.
UNDRAINED = "requests in flight to each replica that does not finish them after its stop signal"
UNTRIED = "requests that HAProxy sends to a replica until its check fails"
MAX_CONNECT_SECONDS = 1.0
# In seconds. HAProxy keeps a stopped container's address for the time in `hold valid`.
MAX_HOLD_SECONDS = 2.0
# HAProxy's default for `hold valid`.
HOLD = "10s"
UNITS = {"us": 1e-6, "ms": 0.001, "": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
PART = re.compile(r"([0-9]{1,9})(us|ms|[smhd]?)")


def seconds(text: str) -> float:
    """Convert a time in HAProxy's notation to seconds: `500ms`, `5s`; without a unit it is ms."""
    return sum(int(number) * UNITS[unit] for number, unit in PART.findall(text))


def findings(
    sections: Sequence[Section], backends: Collection[str], most: int
) -> Iterator[Finding]:
    """Yield the flaws of the configuration.

    `backends` are those with replicas, and `most` is how many containers one backend may have at a
    time during a rollout.
    """
    is_controlled = bool(socket_of(sections, only_admin=True))
    if not is_controlled:
        yield _without_socket(sections)
    own = sections_with(sections, backends)
    for section in own:
        yield from _of_backend(section, is_controlled=is_controlled)
        for server in servers(section):
            yield from _of_server(f"{section.kind} {section.name}, {server.name}", server, most)
    if any(server.is_resolved for section in own for server in servers(section)):
        yield from _of_resolvers(sections)


def _without_socket(sections: Sequence[Section]) -> Finding:
    own = next((each for each in sections if each.kind == "global"), None)
    return Finding(
        "global",
        "a runtime socket with level admin",
        "one with another level" if socket_of(sections) else "none",
        "requests",
        SOCKET_LINE,
        NO_SOCKET_TODO,
        UNDRAINED,
        own.place if own else "",
    )


def _of_backend(section: Section, *, is_controlled: bool) -> Iterator[Finding]:
    where = f"{section.kind} {section.name}"
    connect = (section.last("timeout", "connect") or ("none",))[0]
    if connect == "none" or seconds(connect) > MAX_CONNECT_SECONDS:
        expected, line = "timeout connect of 1 s at most", "timeout connect 500ms"
        yield Finding(where, expected, connect, "clients", line, place=section.place)
    if not is_controlled and not section.has("option", "redispatch"):
        expected, line = "a retry at another server", "option redispatch 1"
        yield Finding(where, expected, "none", "requests", line, lost=UNTRIED, place=section.place)


def _of_server(where: str, server: DeclaredServer, most: int) -> Iterator[Finding]:
    if not server.is_checked:
        line = "check inter 500ms fall 1 rise 1"
        yield Finding(where, "a health check", "none", "clients", line, place=server.place)
    if server.slots and server.slots < most:
        expected = f"{most} slots: the replicas, and those that start before another one stops"
        yield Finding(where, expected, str(server.slots), "deploys", todo=f"write {most}")


def _of_resolvers(sections: Sequence[Section]) -> Iterator[Finding]:
    for section in sections:
        if section.kind != "resolvers":
            continue
        hold = (section.last("hold", "valid") or (HOLD,))[0]
        if seconds(hold) > MAX_HOLD_SECONDS:
            where, line = f"resolvers {section.name}", "hold valid 1s"
            expected = "addresses that expire soon"
            yield Finding(where, expected, hold, "deploys", line, place=section.place)
