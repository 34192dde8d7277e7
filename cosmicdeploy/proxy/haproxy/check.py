"""Check HAProxy for the point `proxy`: it finds every replica and loses no request in a rollout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable
from cosmicdeploy.probes.result import CheckResult, skipped
from cosmicdeploy.proxy.findings import (
    Finding,
    broken,
    judged,
    missing_replicas,
    out_of_service,
    unused_maintenance_file,
)
from cosmicdeploy.proxy.haproxy.advice import UNDRAINED, findings
from cosmicdeploy.proxy.haproxy.process import HAProxy, find_haproxy, require_valid
from cosmicdeploy.proxy.haproxy.replicas import backends_of, by_replica
from cosmicdeploy.proxy.haproxy.runtime import Server, read_servers
from cosmicdeploy.proxy.rollout_size import most_at_a_time
from cosmicdeploy.text.formatting import counted

EXPECTED = "a HAProxy that finds every replica, after a restart too"


def check(ctx: Context) -> CheckResult:
    """Check that HAProxy would start with its present configuration, and knows the replicas."""
    haproxy = find_haproxy(ctx)
    if haproxy is None:
        return skipped("proxy", "the proxy does not run")
    try:
        require_valid(ctx, haproxy)
    except ConfigError as error:
        return broken(EXPECTED, "; ".join((error.what, *error.details)), error.todo)
    servers, unread = _servers(ctx, haproxy)
    own = by_replica(ctx, servers)
    known = [name for name, each in own.items() if each]
    backends = backends_of(server for each in own.values() for server in each)
    flaws = [*unread, *findings(haproxy, backends, most_at_a_time(ctx))]
    flaws += unused_maintenance_file(ctx, "HAProxy")
    if servers:
        line = "server {name} {name}:PORT check"
        flaws += missing_replicas(ctx, known, "a server in HAProxy's backend", line=line)
        flaws += _out_of_service(own)
    found = f"HAProxy knows {counted(len(known), 'replica')}"
    return judged(EXPECTED, f"{found}, in {counted(len(backends), 'backend')}", flaws)


def _servers(ctx: Context, haproxy: HAProxy) -> tuple[list[Server], list[Finding]]:
    """Return the servers, and a finding if they cannot be read although there is a socket."""
    try:
        return read_servers(ctx, haproxy), []
    except EngineUnavailable:
        raise
    except (ConfigError, EngineError) as error:
        if not haproxy.socket:
            return [], []
        where, expected = f"stats socket {haproxy.socket}", "a socket that the deployer can use"
        return [], [
            Finding(where, expected, error.what, "requests", todo=error.todo, lost=UNDRAINED)
        ]


def _out_of_service(own: Mapping[str, list[Server]]) -> Iterator[Finding]:
    for name, servers in own.items():
        for server in servers:
            if server.is_taken_out:
                todo = f"send `set server {server.path} state ready` to HAProxy's runtime socket"
                yield out_of_service(name, todo)
