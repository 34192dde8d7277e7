"""Check Caddy for the point `proxy`: it finds every replica and loses no request in a rollout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.result import CheckResult, skipped
from cosmicdeploy.proxy.caddy.process import Caddy, find_caddy
from cosmicdeploy.proxy.caddy.routes import (
    ReverseProxy,
    checked_files,
    reverse_proxies,
    with_replicas,
)
from cosmicdeploy.proxy.draining import drain_files
from cosmicdeploy.proxy.draining.flags import flag_file, flag_file_location, flagged_in
from cosmicdeploy.proxy.findings import (
    Finding,
    broken,
    judged,
    missing_replicas,
    out_of_service,
)
from cosmicdeploy.proxy.replicas import replica_hosts
from cosmicdeploy.text.formatting import counted

MAX_CONNECT_SECONDS = 1.0
# In seconds: a rollout waits so long for each replica.
MAX_NOTICED_SECONDS = 5.0

EXPECTED = "a Caddy that finds every replica, after a restart too"
UNTRIED = "each request that Caddy sends to a replica while that is away"
UNDRAINED = "requests in flight to a replica that ignores its stop signal"


def check(ctx: Context) -> CheckResult:
    """Check that Caddy would start with its present files, and knows the replicas."""
    caddy = find_caddy(ctx)
    if caddy is None:
        return skipped("proxy", "the proxy does not run")
    if (problem := caddy.problem) is not None:
        found = "; ".join((problem.what, *problem.details))
        return broken(EXPECTED, found, problem.todo)
    if not caddy.configuration:
        return skipped("proxy", "Caddy's configuration cannot be read")
    hosts = replica_hosts(ctx)
    proxies = reverse_proxies(caddy.configuration)
    known = [name for name, own in hosts.items() if with_replicas(proxies, own)]
    if not known:
        return skipped("proxy", "none of Caddy's upstreams is a replica")
    flaws = [
        *missing_replicas(
            ctx, known, "an upstream of Caddy", todo="add {name}:PORT to reverse_proxy"
        ),
        *_of_proxies(ctx, with_replicas(proxies, set().union(*hosts.values()))),
        *_of_files(ctx, caddy),
        *_out_of_service(ctx, caddy),
    ]
    return judged(EXPECTED, f"Caddy knows {counted(len(known), 'replica')}", flaws)


def _of_proxies(ctx: Context, proxies: Sequence[ReverseProxy]) -> Iterator[Finding]:
    for each in proxies:
        where = f"reverse_proxy {' '.join(each.upstreams)}"
        if not each.try_duration:
            expected, line = "another try if a replica refuses", "lb_try_duration 5s"
            yield Finding(where, expected, "none", "requests", line, lost=UNTRIED)
        if len(each.upstreams) > 1 and not (each.health_uri or each.fail_duration):
            todo = "write fail_duration 2s, or health_uri and health_interval 1s"
            expected = "a replica that is down is skipped"
            yield Finding(where, expected, "it is tried each time", "clients", todo=todo)
        if each.dial_timeout > MAX_CONNECT_SECONDS and len(each.upstreams) > 1:
            expected, line = "dial_timeout of 1 s at most", "transport http { dial_timeout 500ms }"
            yield Finding(where, expected, f"{each.dial_timeout:g} s", "clients", line)
        if each.noticed_within > MAX_NOTICED_SECONDS:
            todo = "write health_interval 1s and health_timeout 1s"
            found = f"{each.noticed_within:g} s"
            yield Finding(where, "a replica that is noticed soon", found, "deploys", todo=todo)


def _of_files(ctx: Context, caddy: Caddy) -> Iterator[Finding]:
    """Yield a finding for each file of the settings that Caddy does not look for."""
    found = checked_files(caddy.configuration)
    if (file := ctx.settings.maintenance.file) and str(file) not in found:
        todo = "add a matcher `file` for it to the Caddyfile (docs/caddy.md)"
        expected = f"a route that looks for {file}"
        yield Finding("maintenance.file", expected, "none", "clients", todo=todo)
    for name in ctx.settings.services.app if ctx.settings.proxy.out_of_service else ():
        if (own := flag_file(ctx, name)) not in found:
            todo = "add a matcher `file` for it to the Caddyfile (docs/caddy.md)"
            expected = f"a route that looks for {own}"
            yield Finding(name, expected, "none", "requests", todo=todo, lost=UNDRAINED)


def _out_of_service(ctx: Context, caddy: Caddy) -> Iterator[Finding]:
    for name in flagged_in(ctx, caddy.container) if ctx.settings.proxy.out_of_service else ():
        place = flag_file_location(ctx, caddy.container, name)
        yield out_of_service(name, f"remove {place}")
    for name in ctx.settings.services.app:
        container = ctx.container(name)
        if container is not None and drain_files.exists(ctx, container):
            file = drain_files.drain_file(ctx, container)
            yield out_of_service(name, f"remove {file} in {container.name}")
