"""Find what HAProxy's configuration lacks for a rollout that loses no request.

docs/haproxy.md explains each line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from cosmicdeploy.proxy.findings import Finding
from cosmicdeploy.proxy.haproxy.configuration import DeclaredServer, Section, servers
from cosmicdeploy.proxy.haproxy.process import NO_SOCKET_TODO, HAProxy
from cosmicdeploy.proxy.haproxy.replicas import sections_with

# What a deploy loses of a replica that HAProxy only finds out to be down.
UNDRAINED = (
    "requests in flight to each replica that ignores its stop signal, and those that HAProxy sends"
    " to it until a check fails"
)
UNTRIED = "each request that HAProxy sends to a replica while that is away"
MAX_CONNECT_SECONDS = 1.0
# In seconds. HAProxy keeps a stopped container's address for this long, by default 10 s.
MAX_HOLD_SECONDS = 2.0
HOLD = "10s"
UNITS = {"us": 1e-6, "ms": 0.001, "": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
PART = re.compile(r"(\d+)(us|ms|[smhd]?)")


def seconds(text: str) -> float:
    """Convert a time in HAProxy's notation to seconds: `500ms`, `5s`; without a unit it is ms."""
    return sum(int(number) * UNITS[unit] for number, unit in PART.findall(text))


def findings(haproxy: HAProxy, backends: Collection[str], most: int) -> Iterator[Finding]:
    """Yield the flaws of the configuration.

    `backends` are those with replicas, and `most` is how many containers one backend may have at a
    time during a rollout.
    """
    if not haproxy.socket:
        expected = "a runtime socket with level admin"
        yield Finding("global", expected, "none", "requests", todo=NO_SOCKET_TODO, lost=UNDRAINED)
    sections = sections_with(haproxy, backends)
    for section in sections:
        yield from _of_backend(section, is_controlled=bool(haproxy.socket))
        for server in servers(section):
            yield from _of_server(f"{section.kind} {section.name}, {server.name}", server, most)
    if any(server.is_resolved for section in sections for server in servers(section)):
        yield from _of_resolvers(haproxy)


def _of_backend(section: Section, *, is_controlled: bool) -> Iterator[Finding]:
    where = f"{section.kind} {section.name}"
    connect = (section.last("timeout", "connect") or ("none",))[0]
    if connect == "none" or seconds(connect) > MAX_CONNECT_SECONDS:
        expected, line = "timeout connect of 1 s at most", "timeout connect 500ms"
        yield Finding(where, expected, connect, "clients", line)
    if not is_controlled and not section.has("option", "redispatch"):
        expected, line = "a retry at another server", "option redispatch 1"
        yield Finding(where, expected, "none", "requests", line, lost=UNTRIED)


def _of_server(where: str, server: DeclaredServer, most: int) -> Iterator[Finding]:
    if not server.is_checked:
        line = "check inter 500ms fall 1 rise 1"
        yield Finding(where, "a health check", "none", "clients", line)
    if server.slots and server.slots < most:
        expected = f"{most} slots: the replicas, and those that start before another one stops"
        yield Finding(where, expected, str(server.slots), "deploys", todo=f"write {most}")


def _of_resolvers(haproxy: HAProxy) -> Iterator[Finding]:
    for section in haproxy.sections:
        if section.kind != "resolvers":
            continue
        hold = (section.last("hold", "valid") or (HOLD,))[0]
        if seconds(hold) > MAX_HOLD_SECONDS:
            where, line = f"resolvers {section.name}", "hold valid 1s"
            yield Finding(where, "addresses that expire soon", hold, "deploys", line)
