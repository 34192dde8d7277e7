"""Check Caddy for the point `proxy`: it finds every replica and loses no request in a rollout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, ProbeFailed
from cosmicdeploy.probes.result import CheckResult, skipped
from cosmicdeploy.proxy.caddy.process import Caddy, Json, find_caddy
from cosmicdeploy.proxy.caddy.reading import Reading, read_caddy
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
    Inspection,
    broken,
    judged,
    missing_replicas,
    out_of_service,
)
from cosmicdeploy.proxy.places import with_shown_places
from cosmicdeploy.proxy.replicas import replica_hosts
from cosmicdeploy.text.formatting import counted

EXPECTED = "a Caddy that finds every replica, after a restart too"
UNTRIED = "each request that Caddy sends to a replica that is away"
SILENT = "requests to a replica whose address does not answer at all, until Caddy skips it"
UNDRAINED = "requests in flight to each replica that does not finish them after its stop signal"
MATCHER = "add a matcher `file` for it to the Caddyfile (docs/caddy.md)"
FAILING_ANSWERS = "requests to this path, while a replica is drained"
MAX_CONNECT_SECONDS = 1.0
# In seconds: a rollout waits for each replica until Caddy has noticed it.
MAX_NOTICED_SECONDS = 5.0


def check(ctx: Context) -> CheckResult:
    """Check that Caddy would start with its present files, and knows the replicas."""
    if find_caddy(ctx) is None:
        return skipped("proxy", "the proxy does not run")
    try:
        reading = read_caddy(ctx)
    except ConfigError as error:
        return broken(EXPECTED, "; ".join((error.what, *error.details)), error.todo)
    except ProbeFailed as error:
        return skipped("proxy", error.what)
    found = _inspected(ctx, reading)
    if not found.known:
        return skipped("proxy", "none of Caddy's upstreams is a replica")
    flaws = [*found.findings, *_unused_maintenance_file(ctx, reading.configuration)]
    return judged(EXPECTED, f"Caddy knows {counted(len(found.known), 'replica')}", flaws)


def inspect(ctx: Context) -> Inspection:
    """Return what Caddy's configuration lacks. Raises as `read_caddy` does."""
    return _inspected(ctx, read_caddy(ctx))


def _inspected(ctx: Context, reading: Reading) -> Inspection:
    hosts = replica_hosts(ctx)
    proxies = reverse_proxies(reading.configuration)
    known = [name for name, own in hosts.items() if with_replicas(proxies, own)]
    expected, todo = "an upstream of Caddy", "add {name}:PORT to reverse_proxy"
    flaws = [
        *missing_replicas(ctx, known, expected, todo=todo),
        *_of_proxies(with_replicas(proxies, set().union(*hosts.values()))),
        *_shared_paths(ctx, proxies),
        *_unused_flag_files(ctx, reading.configuration),
        *(_out_of_service(ctx, reading.caddy) if reading.caddy else ()),
    ]
    shown = with_shown_places(ctx, flaws)
    return Inspection(source=reading.source, known=known, findings=shown)


def _of_proxies(proxies: Sequence[ReverseProxy]) -> Iterator[Finding]:
    for each in proxies:
        where, place = f"reverse_proxy {' '.join(each.upstreams)}", each.place
        if not (each.try_duration or each.retries):
            expected, line = "another try if a replica refuses", "lb_try_duration 5s"
            yield Finding(where, expected, "none", "requests", line, lost=UNTRIED, place=place)
        if len(each.upstreams) > 1 and 0 < each.try_duration <= each.dial_timeout:
            expected = f"lb_try_duration of more than dial_timeout ({each.dial_timeout:g} s)"
            found, line = f"{each.try_duration:g} s", "lb_try_duration 5s"
            yield Finding(where, expected, found, "requests", line, lost=SILENT, place=place)
        if len(each.upstreams) > 1 and not (each.health_uri or each.fail_duration):
            todo = "write fail_duration 2s, or health_uri and health_interval 1s"
            expected, line = "a replica that is down is skipped", "fail_duration 2s"
            found = "it is tried each time"
            yield Finding(where, expected, found, "clients", line, todo, place=place)
        if each.dial_timeout > MAX_CONNECT_SECONDS and len(each.upstreams) > 1:
            expected, found = "dial_timeout of 1 s at most", f"{each.dial_timeout:g} s"
            todo = "write dial_timeout 500ms into a block transport http"
            yield Finding(where, expected, found, "clients", todo=todo)
        if each.noticed_within > MAX_NOTICED_SECONDS:
            todo = "write health_interval 1s and health_timeout 1s"
            expected, found = "a replica that is noticed soon", f"{each.noticed_within:g} s"
            yield Finding(where, expected, found, "deploys", todo=todo)


def _shared_paths(ctx: Context, proxies: Sequence[ReverseProxy]) -> Iterator[Finding]:
    """Yield a flaw if clients request the path that fails while a drain file exists."""
    if ctx.settings.proxy.drain_file is None:
        return
    paths = {each.health_path for each in ctx.settings.all_applications}
    for each in proxies:
        if each.health_uri in paths:
            where = f"health_uri {each.health_uri}"
            todo = "let another path of the application look for the drain file"
            expected, found = "a path that no client requests", "the application's health path"
            yield Finding(where, expected, found, "requests", todo=todo, lost=FAILING_ANSWERS)


def _unused_maintenance_file(ctx: Context, configuration: Json) -> Iterator[Finding]:
    file = ctx.settings.maintenance.file
    if file and str(file) not in checked_files(configuration):
        expected = f"a route that looks for {file}"
        yield Finding("maintenance.file", expected, "none", "clients", todo=MATCHER)


def _unused_flag_files(ctx: Context, configuration: Json) -> Iterator[Finding]:
    """Yield a finding for each flag file of the settings that Caddy does not look for."""
    found = checked_files(configuration)
    for name in ctx.settings.services.app if ctx.settings.proxy.out_of_service else ():
        if (own := flag_file(ctx, name)) not in found:
            expected = f"a route that looks for {own}"
            yield Finding(name, expected, "none", "requests", todo=MATCHER, lost=UNDRAINED)


def _out_of_service(ctx: Context, caddy: Caddy) -> Iterator[Finding]:
    for name in flagged_in(ctx, caddy.container) if ctx.settings.proxy.out_of_service else ():
        place = flag_file_location(ctx, caddy.container, name)
        yield out_of_service(name, f"remove {place}")
    for name in ctx.settings.services.app:
        container = ctx.container(name)
        if container is not None and drain_files.exists(ctx, container):
            file = drain_files.drain_file(ctx, container)
            yield out_of_service(name, f"remove {file} in {container.name}")
