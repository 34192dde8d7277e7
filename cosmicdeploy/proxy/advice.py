"""What nginx's configuration lacks for a rollout that loses no request.

docs/proxy.md says why each directive is needed and what happens without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cosmicdeploy.proxy.nginx.upstreams import Group, Pass, Server

# nginx's defaults.
FAIL_TIMEOUT, KEEPALIVE_TIMEOUT, CONNECT_TIMEOUT = "10s", "60s", "60s"
LONGEST_CONNECT = 1.0
# In seconds; uvicorn closes an idle connection after 5, many servers later.
SHORTEST_KEPT = 5.0
NEEDED = {"error", "timeout"}
UNITS = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
PART = re.compile(r"(\d+)(ms|[smhdw]?)")


@dataclass(frozen=True)
class Finding:
    """A directive that costs requests: where it is, and what to write there."""

    where: str
    expected: str
    found: str
    write: str

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, found {self.found}; write {self.write}"


def seconds(text: str) -> float:
    """Return the seconds of a time as nginx writes it: `100ms`, `60`, `1m30s`."""
    return sum(int(number) * UNITS[unit] for number, unit in PART.findall(text))


def group_findings(group: Group, pause: float, workers: int) -> Iterator[Finding]:
    """Yield what a group of servers lacks.

    `pause` is how long a new replica serves before the next one is replaced. A group of one server
    is left out: nginx never passes over that one.
    """
    if len(group.servers) < 2:
        return
    where = f"upstream {group.name}"
    if workers > 1 and "zone" not in group.directives:
        yield Finding(where, "a zone", f"none, and {workers} workers", f"zone {group.name} 64k;")
    for server in group.servers:
        yield from _server_findings(f"{where}, server {server.host}", server, pause)
    kept = group.directives.get("keepalive_timeout", (KEEPALIVE_TIMEOUT,))[0]
    if "keepalive" in group.directives and seconds(kept) >= SHORTEST_KEPT:
        yield Finding(
            where,
            "idle connections closed before the application does (uvicorn: 5 s)",
            f"keepalive_timeout {kept}",
            "keepalive_timeout 2s;",
        )


def _server_findings(where: str, server: Server, pause: float) -> Iterator[Finding]:
    if server.options.get("max_fails") == "0":
        yield Finding(where, "max_fails above 0", "max_fails=0", "max_fails=1")
    fail_timeout = server.options.get("fail_timeout", FAIL_TIMEOUT)
    if seconds(fail_timeout) >= pause:
        expected = f"fail_timeout below restart.pause ({pause:g} s)"
        yield Finding(where, expected, fail_timeout, "fail_timeout=1s")


def pass_findings(place: Pass, replica_groups: list[Group], away: int) -> Iterator[Finding]:
    """Yield what a place lacks that passes requests on to several replicas.

    `away` is how many replicas may be away at a time.
    """
    several = {group.name for group in replica_groups if len(group.servers) > 1}
    if "$" not in place.target and place.target not in several:
        return
    where, kind = f"{place.kind}_pass {place.target}", place.kind

    connect = place.scope.get(f"{kind}_connect_timeout", (CONNECT_TIMEOUT,))[0]
    if seconds(connect) > LONGEST_CONNECT:
        write = f"{kind}_connect_timeout 100ms;"
        yield Finding(where, f"{kind}_connect_timeout of 1 s at most", connect, write)

    next_upstream = place.scope.get(f"{kind}_next_upstream", ("error", "timeout"))
    if not set(next_upstream) >= NEEDED:
        write = f"{kind}_next_upstream error timeout;"
        yield Finding(where, "another try after error and timeout", " ".join(next_upstream), write)

    tries = int(place.scope.get(f"{kind}_next_upstream_tries", ("0",))[0])
    if 0 < tries <= away:
        expected = f"more tries than replicas that are away at a time ({away})"
        yield Finding(where, expected, str(tries), f"{kind}_next_upstream_tries {away + 1};")
