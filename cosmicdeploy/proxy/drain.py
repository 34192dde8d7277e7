"""Take a replica out of the load balancer and in again, without a reload.

A file (`proxy.out_of_service`) says who is out; nginx looks for it with
every request and then chooses a group of servers without that replica (see docs/proxy.md). A reload
would cost every client its idle connection.
"""

from __future__ import annotations

import time

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError, ProbeFailed
from cosmicdeploy.proxy import flag_files
from cosmicdeploy.proxy.kernel.connections import open_connections
from cosmicdeploy.proxy.nginx.configuration import Directive, walk
from cosmicdeploy.proxy.nginx.server import Nginx, configuration, find
from cosmicdeploy.proxy.routing import POLL_SECONDS, ask_all
from cosmicdeploy.text.formatting import counted

KEY: flag_files.Key = "proxy.out_of_service"


def can_take_out(ctx: Context) -> frozenset[str]:
    """Replicas whose file the proxy looks for; none where it is not nginx.

    Raises `ConfigError` where nginx would not start with its present configuration.
    """
    proxy = find(ctx) if ctx.settings.proxy.out_of_service else None
    return _heeded(ctx, proxy) if proxy else frozenset()


def find_flag(ctx: Context, service: str) -> None:
    """Find out early where this replica's file is made, which is remembered for the step."""
    if file := flag(ctx, service):
        flag_files.of_the_host(ctx, ctx.running(str(ctx.settings.services.proxy)), file)


def pass_over(ctx: Context, service: str) -> None:
    """As `take_out`, without looking and without waiting: for a replica that can be taken out, and
    that ends its requests itself when it is told to stop."""
    flag_files.put(ctx, ctx.running(str(ctx.settings.services.proxy)), str(flag(ctx, service)), KEY)


def take_out(ctx: Context, service: str) -> float:
    """Send this replica no new request, and let those in flight end; seconds that it took.

    Over when the proxy has no open connection to it, or its `stop_grace_period` is. Raises
    `ConfigError` where the proxy cannot do it or has another replica out already, `ProbeFailed`
    where requests still come; then all is as before.
    """
    proxy = _require_able(ctx, service)
    started = time.monotonic()
    flag_files.put(ctx, proxy, str(flag(ctx, service)), KEY)
    try:
        _drain(ctx, service)
    except BaseException:
        take_in(ctx, service)
        raise
    return time.monotonic() - started


def take_in(ctx: Context, service: str) -> None:
    """Send this replica requests again, where it was out; a proxy that does not run will, once it
    does."""
    name = ctx.settings.services.proxy
    proxy = ctx.container(name) if name else None
    file = flag(ctx, service)
    if name is None or file is None:
        return
    if proxy is not None and proxy.is_running:
        flag_files.take_away(ctx, proxy, file, KEY)
    elif path := flag_files.declared(ctx, file):
        flag_files.remove(ctx, path, KEY)


def taken_out(ctx: Context) -> list[str]:
    """Replicas that are out now, or will be once the proxy runs: of a run that was killed, where
    none is under way."""
    name = ctx.settings.services.proxy
    if name is None or ctx.settings.proxy.out_of_service is None:
        return []
    proxy = ctx.container(name)
    if proxy is not None and proxy.is_running:
        return out_of(ctx, proxy)
    paths = {
        app: flag_files.declared(ctx, str(flag(ctx, app))) for app in ctx.settings.services.app
    }
    return [app for app, path in paths.items() if path and flag_files.is_there(path)]


def out_of(ctx: Context, proxy: Container) -> list[str]:
    """As `taken_out`, of a proxy at hand."""
    files = {name: flag(ctx, name) for name in ctx.settings.services.app}
    found = flag_files.there(ctx, proxy, [file for file in files.values() if file])
    return [name for name, file in files.items() if file in found]


def place_of(ctx: Context, proxy: Container, service: str) -> str:
    """Where a person finds the replica's file."""
    file = str(flag(ctx, service))
    return str(flag_files.of_the_host(ctx, proxy, file) or f"{file} in {proxy.name}")


def flag(ctx: Context, service: str) -> str | None:
    """The replica's file as the proxy sees it; none where that is not set up."""
    pattern = ctx.settings.proxy.out_of_service
    return pattern.replace("{service}", service) if pattern else None


def _heeded(ctx: Context, proxy: Nginx) -> frozenset[str]:
    """The replicas whose file nginx looks for."""
    found = walk(configuration(ctx, proxy))
    conditions = {_condition(directive) for directive in found if directive.name == "if"}
    apps = ctx.settings.services.app
    return frozenset(name for name in apps if f"(-f {flag(ctx, name)})" in conditions)


def _condition(directive: Directive) -> str:
    return " ".join(directive.arguments).replace("( ", "(").replace(" )", ")")


def _require_able(ctx: Context, service: str) -> Container:
    proxy = find(ctx)
    others = [name for name in out_of(ctx, proxy.container) if name != service] if proxy else []
    if proxy is None or others or service not in _heeded(ctx, proxy):
        raise ConfigError(
            f"{', '.join(others)} is out already, and nginx can do without one at a time"
            if others
            else f"The proxy cannot be told to send nothing to {service}",
            where=f"proxy.out_of_service: {flag(ctx, service) or 'not set'}",
            todo="let nginx look for this file, as docs/proxy.md shows",
        )
    return proxy.container


def _drain(ctx: Context, service: str) -> None:
    """Every request that nginx takes from now on goes elsewhere: it looks for the file each time.

    What is still open after the grace is cut with the container, as on any stop; but a connection
    that was not there before shows a proxy that does not heed the file.
    """
    container = ctx.container(service)
    if container is None or not container.is_running:
        return
    before = open_connections(ctx, container)
    ask_all(ctx)
    end = time.monotonic() + ctx.service(service).stop_grace_period
    while (left := open_connections(ctx, container)) and time.monotonic() < end:
        ctx.safe_point()
        time.sleep(POLL_SECONDS)
    if left - before:
        raise ProbeFailed(
            f"The proxy still sends requests to {service}",
            where=str(flag(ctx, service)),
            todo="see that every place that passes requests on uses the group without it",
        )
    if left:
        still = counted(len(left), "connection")
        ctx.say(f"{service} is out, with {still} of the proxy open after its grace")
