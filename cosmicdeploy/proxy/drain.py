"""Drain a replica and put it back in service, without a reload of nginx.

A file (`proxy.out_of_service`) marks a replica as out of service. nginx looks for it with every
request and then chooses a group of servers without that replica (docs/proxy.md). A reload would
cost every client its idle connection.
"""

from __future__ import annotations

import time

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError, ProbeFailed
from cosmicdeploy.polling import poll
from cosmicdeploy.proxy import flag_files
from cosmicdeploy.proxy.kernel.connections import open_connections
from cosmicdeploy.proxy.nginx.configuration import Directive, walk
from cosmicdeploy.proxy.nginx.server import Nginx, find_nginx, read_configuration
from cosmicdeploy.proxy.probe_requests import POLL_SECONDS, probe_all
from cosmicdeploy.text.formatting import counted

KEY: flag_files.Key = "proxy.out_of_service"


def drainable(ctx: Context) -> frozenset[str]:
    """Return the replicas whose flag file the proxy looks for; none where it is not nginx.

    Raises `ConfigError` if nginx would not start with its present configuration.
    """
    nginx = find_nginx(ctx) if ctx.settings.proxy.out_of_service else None
    return _looked_for(ctx, nginx) if nginx else frozenset()


def locate_flag(ctx: Context, service: str) -> None:
    """Find out where the replica's flag file lies and cache it, before the step needs it."""
    if file := flag(ctx, service):
        flag_files.host_path(ctx, _running_proxy(ctx), file)


def take_out_of_service(ctx: Context, service: str) -> None:
    """Let the proxy send this replica no new request, without checks and without waiting.

    For a drainable replica that finishes its requests itself when it gets its stop signal.
    """
    flag_files.create(ctx, _running_proxy(ctx), str(flag(ctx, service)), KEY)


def drain(ctx: Context, service: str) -> float:
    """Send this replica no new request and let those in flight finish; return the seconds it took.

    Ends when the proxy has no open connection to the replica, or after its `stop_grace_period`.
    Raises `ConfigError` if the proxy cannot do it or another replica is out of service already,
    `ProbeFailed` if requests still come; in both cases the replica is in service again.
    """
    proxy = _require_drainable(ctx, service)
    started = time.monotonic()
    flag_files.create(ctx, proxy, str(flag(ctx, service)), KEY)
    try:
        _wait_until_drained(ctx, service)
    except BaseException:
        put_in_service(ctx, service)
        raise
    return time.monotonic() - started


def put_in_service(ctx: Context, service: str) -> None:
    """Let the proxy send this replica requests again, if it was out of service.

    The flag file goes even if the proxy does not run: it then holds for its next start.
    """
    name = ctx.settings.services.proxy
    proxy = ctx.container(name) if name else None
    file = flag(ctx, service)
    if name is None or file is None:
        return
    if proxy is not None and proxy.is_running:
        flag_files.remove(ctx, proxy, file, KEY)
    elif path := flag_files.declared_host_path(ctx, file):
        flag_files.remove_on_host(ctx, path, KEY)


def out_of_service(ctx: Context) -> list[str]:
    """Return the replicas that are out of service now, or will be once the proxy runs.

    Outside of a run they are those of a run that was killed.
    """
    name = ctx.settings.services.proxy
    if name is None or ctx.settings.proxy.out_of_service is None:
        return []
    proxy = ctx.container(name)
    if proxy is not None and proxy.is_running:
        return flagged(ctx, proxy)
    paths = {
        app: flag_files.declared_host_path(ctx, str(flag(ctx, app)))
        for app in ctx.settings.services.app
    }
    return [app for app, path in paths.items() if path and flag_files.exists_on_host(path)]


def flagged(ctx: Context, proxy: Container) -> list[str]:
    """Return the replicas that a running proxy sees as out of service."""
    files = {name: flag(ctx, name) for name in ctx.settings.services.app}
    existing = flag_files.existing(ctx, proxy, [file for file in files.values() if file])
    return [name for name, file in files.items() if file in existing]


def flag_location(ctx: Context, proxy: Container, service: str) -> str:
    """Return where the operator finds the replica's flag file."""
    file = str(flag(ctx, service))
    return str(flag_files.host_path(ctx, proxy, file) or f"{file} in {proxy.name}")


def flag(ctx: Context, service: str) -> str | None:
    """Return the replica's flag file as the proxy sees it; None without `proxy.out_of_service`."""
    pattern = ctx.settings.proxy.out_of_service
    return pattern.replace("{service}", service) if pattern else None


def _running_proxy(ctx: Context) -> Container:
    return ctx.running(str(ctx.settings.services.proxy))


def _looked_for(ctx: Context, nginx: Nginx) -> frozenset[str]:
    """Return the replicas whose flag file nginx looks for."""
    directives = walk(read_configuration(ctx, nginx))
    conditions = {_condition(directive) for directive in directives if directive.name == "if"}
    apps = ctx.settings.services.app
    return frozenset(name for name in apps if f"(-f {flag(ctx, name)})" in conditions)


def _condition(directive: Directive) -> str:
    return " ".join(directive.arguments).replace("( ", "(").replace(" )", ")")


def _require_drainable(ctx: Context, service: str) -> Container:
    nginx = find_nginx(ctx)
    others = [name for name in flagged(ctx, nginx.container) if name != service] if nginx else []
    if nginx is None or others or service not in _looked_for(ctx, nginx):
        raise ConfigError(
            f"{', '.join(others)} is out of service already, and nginx can leave out one at a time"
            if others
            else f"The proxy cannot be told to send nothing to {service}",
            where=f"proxy.out_of_service: {flag(ctx, service) or 'not set'}",
            todo="let nginx look for this file, as docs/proxy.md shows",
        )
    return nginx.container


def _wait_until_drained(ctx: Context, service: str) -> None:
    """Wait until the proxy has no open connection to the replica.

    nginx looks for the flag file with each request, so every later request goes elsewhere. What is
    still open after the grace period is cut when the container stops, as on any stop. A connection
    that did not exist before shows a proxy that ignores the file: raises `ProbeFailed`.
    """
    container = ctx.container(service)
    if container is None or not container.is_running:
        return
    before = open_connections(ctx, container)
    probe_all(ctx)
    left = poll(
        lambda: open_connections(ctx, container),
        until=lambda connections: not connections,
        every=POLL_SECONDS,
        within=ctx.service(service).stop_grace_period,
        sleep=ctx.sleep,
    )
    if left - before:
        raise ProbeFailed(
            f"The proxy still sends requests to {service}",
            where=str(flag(ctx, service)),
            todo="see that every place that passes requests on uses the group without it",
        )
    if left:
        connections = counted(len(left), "connection")
        ctx.say(f"{service} is drained, but for {connections} still open after its grace period")
