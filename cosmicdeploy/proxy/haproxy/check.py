"""Check HAProxy for the point `proxy`: it finds every replica and loses no request in a rollout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable
from cosmicdeploy.probes.result import CheckResult, skipped
from cosmicdeploy.proxy.draining.unproven import unproven_drains
from cosmicdeploy.proxy.findings import (
    Finding,
    Inspection,
    broken,
    judged,
    missing_replicas,
    out_of_service,
    unused_maintenance_file,
)
from cosmicdeploy.proxy.haproxy.advice import UNDRAINED, findings
from cosmicdeploy.proxy.haproxy.process import HAProxy, find_haproxy
from cosmicdeploy.proxy.haproxy.reading import Reading, read_haproxy
from cosmicdeploy.proxy.haproxy.replicas import backends_of, by_replica, declared_backends
from cosmicdeploy.proxy.haproxy.runtime import Server, read_servers
from cosmicdeploy.proxy.places import with_shown_places
from cosmicdeploy.proxy.replicas import replica_hosts
from cosmicdeploy.proxy.rollout_size import most_at_a_time
from cosmicdeploy.settings.pace import pace_of
from cosmicdeploy.text.formatting import counted

EXPECTED = "a HAProxy that finds every replica, after a restart too"


def check(ctx: Context) -> CheckResult:
    """Check that HAProxy would start with its present configuration, and knows the replicas."""
    if find_haproxy(ctx) is None:
        return skipped("proxy", "the proxy does not run")
    try:
        known, flaws = _inspected(ctx, read_haproxy(ctx))
    except ConfigError as error:
        return broken(EXPECTED, "; ".join((error.what, *error.details)), error.todo)
    backends = {backend for own in known.values() for backend in own}
    found = f"HAProxy knows {counted(len(known), 'replica')}"
    flaws += unused_maintenance_file(ctx, "HAProxy")
    return judged(EXPECTED, f"{found}, in {counted(len(backends), 'backend')}", flaws)


def inspect(ctx: Context) -> Inspection:
    """Return what HAProxy's configuration lacks. Raises as `read_haproxy` does."""
    reading = read_haproxy(ctx)
    known, flaws = _inspected(ctx, reading)
    shown = with_shown_places(ctx, flaws)
    return Inspection(source=reading.source, known=list(known), findings=shown)


def _inspected(ctx: Context, reading: Reading) -> tuple[Mapping[str, set[str]], list[Finding]]:
    """Return the backends of each replica that HAProxy knows, and the flaws."""
    servers, unread = _servers(ctx, reading.haproxy)
    own = by_replica(ctx, servers)
    known = {name: backends_of(each) for name, each in own.items() if each}
    if not servers:
        known = dict(declared_backends(reading.sections, replica_hosts(ctx)))
    backends = {backend for each in known.values() for backend in each}
    line = "server {name} {name}:PORT check"
    return known, [
        *unread,
        *missing_replicas(ctx, known, "a server in HAProxy's backend", line=line),
        *_out_of_service(own),
        *unproven_drains(ctx, _started_first(ctx)),
        *findings(reading.sections, backends, most_at_a_time(ctx)),
    ]


def _started_first(ctx: Context) -> list[str]:
    """Return the replicas whose old and new containers run at the same time in a rollout.

    Both may share a server of HAProxy, which then does not show whose requests are in flight.
    """
    apps = ctx.settings.services.app
    return [n for n in apps if pace_of(ctx.settings, ctx.service(n)).order == "start-first"]


def _servers(ctx: Context, haproxy: HAProxy | None) -> tuple[list[Server], list[Finding]]:
    """Return the servers, and a finding if they cannot be read although there is a socket."""
    if haproxy is None or not haproxy.socket:
        return [], []
    try:
        return read_servers(ctx, haproxy), []
    except EngineUnavailable:
        raise
    except (ConfigError, EngineError) as error:
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
