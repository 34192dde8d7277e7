"""Find what nginx's configuration lacks for a rollout that loses no request.

docs/nginx.md explains each directive, and what happens without it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.proxy.findings import Finding
from cosmicdeploy.proxy.nginx.units import FAIL_TIMEOUT, number, seconds
from cosmicdeploy.proxy.nginx.upstreams import Group, PassDirective, Server
from cosmicdeploy.text.formatting import counted

# nginx's defaults.
KEEPALIVE_TIMEOUT, CONNECT_TIMEOUT = "60s", "60s"
MAX_CONNECT_SECONDS = 1.0
# In seconds. If nginx uses an answer for longer, the rollout waits long for each replica, or nginx
# has to be reloaded.
MAX_ANSWER_SECONDS = 5.0
# uvicorn closes an idle connection after this time; many other servers wait longer.
APPLICATION_KEEPALIVE_SECONDS = 5.0
# Failures after which nginx must send the request to another replica.
RETRIED_FAILURES = {"error", "timeout"}


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
        found, line = f"none, and {workers} workers", f"zone {group.name} 64k;"
        yield Finding(where, "a zone", found, "clients", line, place=group.place)
    for server in group.servers:
        yield from _server_findings(f"{where}, server {server.host}", server, pause)
    idle_timeout = group.directives.get("keepalive_timeout", (KEEPALIVE_TIMEOUT,))[0]
    if "keepalive" in group.directives and seconds(idle_timeout) >= APPLICATION_KEEPALIVE_SECONDS:
        yield Finding(
            where,
            "idle connections closed before the application closes them (uvicorn: 5 s)",
            f"keepalive_timeout {idle_timeout}",
            "requests",
            "keepalive_timeout 2s;",
            place=group.place,
            lost="each POST on a connection that the application closes at that moment",
        )


def _undeclared_findings(group: Group, pause: float) -> Iterator[Finding]:
    """Yield a flaw if a directive names several replicas by one name, and pauses are short."""
    if seconds(FAIL_TIMEOUT) >= pause:
        name, options = group.name, "max_fails=1 fail_timeout=1s"
        yield Finding(
            f"requests to {name}",
            f"an upstream with fail_timeout below restart.pause ({pause:g} s)",
            f"nginx's default of {FAIL_TIMEOUT} for each address of {name}",
            "deploys",
            f"upstream {name} {{ zone {name} 64k; server {name}:PORT {options}; }}",
        )


def resolver_findings(answer_valid_for: float) -> Iterator[Finding]:
    """Yield a flaw if nginx uses the answers of a `resolver` for too many seconds."""
    if answer_valid_for > MAX_ANSWER_SECONDS:
        found = f"the replicas' addresses are used for {answer_valid_for:g} s"
        todo = "write valid=1s after the resolver's address"
        line = "resolver 127.0.0.11 valid=1s;"
        yield Finding("resolver", "addresses that expire soon", found, "deploys", line, todo)


def _server_findings(where: str, server: Server, pause: float) -> Iterator[Finding]:
    if server.options.get("max_fails") == "0":
        expected, line = "max_fails above 0", "max_fails=1"
        yield Finding(where, expected, "max_fails=0", "clients", line, place=server.place)
    fail_timeout = server.options.get("fail_timeout", FAIL_TIMEOUT)
    if seconds(fail_timeout) >= pause:
        expected = f"fail_timeout below restart.pause ({pause:g} s)"
        line = "fail_timeout=1s"
        yield Finding(where, expected, fail_timeout, "deploys", line, place=server.place)


def pass_findings(
    directive: PassDirective, replica_groups: list[Group], max_down: int, workers: int = 1
) -> Iterator[Finding]:
    """Yield the flaws of a `proxy_pass`, `fastcgi_pass` or the like to several replicas.

    `max_down` is how many replicas a deploy may have down at a time, `workers` the number of
    nginx's worker processes. Yields nothing if the target is a single server; a target with a
    variable counts as several replicas.
    """
    several = {group.name: group for group in replica_groups if len(group.servers) > 1}
    if "$" not in directive.target and directive.target not in several:
        return
    kind, scope, place = directive.kind, directive.scope, directive.place
    where = f"{kind}_pass {directive.target}"

    connect = scope.get(f"{kind}_connect_timeout", (CONNECT_TIMEOUT,))[0]
    if seconds(connect) > MAX_CONNECT_SECONDS:
        expected, line = f"{kind}_connect_timeout of 1 s at most", f"{kind}_connect_timeout 100ms;"
        yield Finding(where, expected, connect, "clients", line, place=place)

    next_upstream = scope.get(f"{kind}_next_upstream", ("error", "timeout"))
    if not set(next_upstream) >= RETRIED_FAILURES:
        expected, found = "a retry after error and timeout", " ".join(next_upstream)
        line = f"{kind}_next_upstream error timeout;"
        lost = _lost_without_retry(several.get(_target(directive)), workers)
        yield Finding(where, expected, found, "requests", line, place=place, lost=lost)

    tries = number(scope.get(f"{kind}_next_upstream_tries", ("0",))[0], 0)
    if 0 < tries <= max_down:
        expected = f"more tries than replicas that may be down at a time ({max_down})"
        line = f"{kind}_next_upstream_tries {max_down + 1};"
        lost = "each request that meets only replicas that are down"
        yield Finding(where, expected, str(tries), "requests", line, place=place, lost=lost)


def _target(directive: PassDirective) -> str:
    """Return the target of a directive; if the target is a variable that is `set`, its value."""
    return "".join(directive.scope.get(f"set {directive.target}", (directive.target,)))


def _lost_without_retry(group: Group | None, workers: int) -> str:
    """Return how many requests a deploy loses in a group without retries, replica after replica.

    nginx skips a replica once it has failed `max_fails` times; without a `zone`, each worker counts
    these failures for itself. Without a group, nginx never skips a replica.
    """
    counters = workers if group and "zone" not in group.directives else 1
    servers = group.servers if group else ()
    fails = [number(each.options.get("max_fails", "1"), 1) for each in servers]
    if not fails or not all(fails):
        return "each request that nginx sends to a replica while the replica is away"
    return f"{counted(sum(fails) * counters, 'request')} at least in each deploy"
