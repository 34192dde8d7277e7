"""Find what nginx's configuration lacks for a rollout that loses no request.

docs/nginx.md explains each directive, and what happens without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cosmicdeploy.proxy.findings import Finding
from cosmicdeploy.proxy.nginx.upstreams import Group, PassDirective, Server

# nginx's defaults.
FAIL_TIMEOUT, KEEPALIVE_TIMEOUT, CONNECT_TIMEOUT = "10s", "60s", "60s"
MAX_CONNECT_SECONDS = 1.0
# In seconds. If nginx uses an answer for longer, the rollout waits long for each replica, or nginx
# has to be reloaded.
MAX_ANSWER_SECONDS = 5.0
# uvicorn closes an idle connection after this time; many other servers wait longer.
APPLICATION_KEEPALIVE_SECONDS = 5.0
# Failures after which nginx must send the request to another replica.
RETRIED_FAILURES = {"error", "timeout"}
# nginx's units of time in seconds; a month has 30 days, a year 365.
UNITS = {
    **{"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600},
    **{"d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000},
}
PART = re.compile(r"(\d+)(ms|[smhdwMy]?)")


def seconds(text: str) -> float:
    """Convert a time in nginx's notation to seconds: `100ms`, `60`, `1d 2h`."""
    return sum(int(number) * UNITS[unit] for number, unit in PART.findall(text))


def group_findings(group: Group, pause: float, workers: int) -> Iterator[Finding]:
    """Yield the flaws of an `upstream`, nginx's group of servers.

    `pause` is the time between the replacements of two replicas, in seconds. `workers` is the
    number of nginx's worker processes. A group of one server has no flaws, since nginx never skips
    the only server of a group.
    """
    if len(group.servers) < 2:
        return
    if not group.is_declared:
        yield from _undeclared_findings(group, pause)
        return
    where = f"upstream {group.name}"
    if workers > 1 and "zone" not in group.directives:
        found, todo = f"none, and {workers} workers", f"write zone {group.name} 64k;"
        yield Finding(where, "a zone", found, todo, "clients")
    for server in group.servers:
        yield from _server_findings(f"{where}, server {server.host}", server, pause)
    idle_timeout = group.directives.get("keepalive_timeout", (KEEPALIVE_TIMEOUT,))[0]
    if "keepalive" in group.directives and seconds(idle_timeout) >= APPLICATION_KEEPALIVE_SECONDS:
        yield Finding(
            where,
            "idle connections closed before the application closes them (uvicorn: 5 s)",
            f"keepalive_timeout {idle_timeout}",
            "write keepalive_timeout 2s;",
            "requests",
        )


def _undeclared_findings(group: Group, pause: float) -> Iterator[Finding]:
    """Yield a flaw if a directive names several replicas by one name, and pauses are short."""
    if seconds(FAIL_TIMEOUT) >= pause:
        name = group.name
        yield Finding(
            f"requests to {name}",
            f"an upstream with fail_timeout below restart.pause ({pause:g} s)",
            f"nginx's default of {FAIL_TIMEOUT} for each address of {name}",
            f"write upstream {name} {{ zone {name} 64k; server {name}:PORT max_fails=1"
            " fail_timeout=1s; }",
            "deploys",
        )


def resolver_findings(answer_valid_for: float) -> Iterator[Finding]:
    """Yield a flaw if nginx uses the answers of a `resolver` for so many seconds."""
    if answer_valid_for > MAX_ANSWER_SECONDS:
        found = f"the replicas' addresses are used for {answer_valid_for:g} s"
        todo = "write valid=1s after the resolver's address"
        yield Finding("resolver", "addresses that expire soon", found, todo, "deploys")


def _server_findings(where: str, server: Server, pause: float) -> Iterator[Finding]:
    if server.options.get("max_fails") == "0":
        yield Finding(where, "max_fails above 0", "max_fails=0", "write max_fails=1", "clients")
    fail_timeout = server.options.get("fail_timeout", FAIL_TIMEOUT)
    if seconds(fail_timeout) >= pause:
        expected = f"fail_timeout below restart.pause ({pause:g} s)"
        yield Finding(where, expected, fail_timeout, "write fail_timeout=1s", "deploys")


def pass_findings(
    directive: PassDirective, replica_groups: list[Group], max_down: int
) -> Iterator[Finding]:
    """Yield the flaws of a `proxy_pass`, `fastcgi_pass` or the like to several replicas.

    `max_down` is how many replicas a deploy may have down at a time. Yields nothing if the target
    is a single server; a target with a variable counts as several replicas.
    """
    several = {group.name for group in replica_groups if len(group.servers) > 1}
    if "$" not in directive.target and directive.target not in several:
        return
    kind, scope = directive.kind, directive.scope
    where = f"{kind}_pass {directive.target}"

    connect = scope.get(f"{kind}_connect_timeout", (CONNECT_TIMEOUT,))[0]
    if seconds(connect) > MAX_CONNECT_SECONDS:
        todo = f"write {kind}_connect_timeout 100ms;"
        expected = f"{kind}_connect_timeout of 1 s at most"
        yield Finding(where, expected, connect, todo, "clients")

    next_upstream = scope.get(f"{kind}_next_upstream", ("error", "timeout"))
    if not set(next_upstream) >= RETRIED_FAILURES:
        todo = f"write {kind}_next_upstream error timeout;"
        expected, found = "a retry after error and timeout", " ".join(next_upstream)
        yield Finding(where, expected, found, todo, "requests")

    tries = int(scope.get(f"{kind}_next_upstream_tries", ("0",))[0])
    if 0 < tries <= max_down:
        expected = f"more tries than replicas that may be down at a time ({max_down})"
        todo = f"write {kind}_next_upstream_tries {max_down + 1};"
        yield Finding(where, expected, str(tries), todo, "requests")
