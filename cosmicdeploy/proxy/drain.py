"""Drain a replica and put it back in service, without a reload of nginx.

A flag file (the setting `proxy.out_of_service`) marks a replica as out of service. nginx looks for
the file on every request. If the file exists, nginx chooses a group of servers without that replica
(docs/proxy.md). A reload instead would close the idle connections of all clients.
"""

from __future__ import annotations

import time

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError, ProbeFailed
from cosmicdeploy.process.polling import poll
from cosmicdeploy.proxy import flag_files
from cosmicdeploy.proxy.kernel.connections import open_connections
from cosmicdeploy.proxy.nginx.configuration import Directive, tests_file
from cosmicdeploy.proxy.nginx.server import Nginx, find_nginx, read_configuration
from cosmicdeploy.proxy.probe_requests import POLL_SECONDS, probe_all
from cosmicdeploy.text.formatting import counted

SETTING: flag_files.SettingKey = "proxy.out_of_service"


def drainable(ctx: Context) -> frozenset[str]:
    """Return the replicas whose flag file nginx looks for.

    Empty if `proxy.out_of_service` is not set, or if the proxy is not nginx or does not run. Raises
    `ConfigError` if nginx would not start with its present configuration.
    """
    nginx = find_nginx(ctx) if ctx.settings.proxy.out_of_service else None
    return _drainable_by(ctx, nginx) if nginx else frozenset()


def locate_flag_file(ctx: Context, service: str) -> None:
    """Find out whether a replica's flag file can be changed on the host, and cache the answer.

    Called before a step creates the file, to save time then. Raises `EngineError` if the proxy does
    not run.
    """
    if file := flag_file(ctx, service):
        flag_files.host_path(ctx, _running_proxy(ctx), file)


def take_out_of_service(ctx: Context, service: str) -> None:
    """Stop new requests to this replica, without checks and without waiting.

    The replica must be `drainable`, and must finish its requests in flight after its stop signal.
    Raises `EngineError` if the flag file cannot be created.
    """
    flag_files.create(ctx, _running_proxy(ctx), str(flag_file(ctx, service)), SETTING)


def drain(ctx: Context, service: str) -> float:
    """Stop new requests to this replica, wait for those in flight; return the seconds it took.

    Waits until the proxy has no open connection to the replica, at most for the replica's
    `stop_grace_period`. Raises `ConfigError`, and changes nothing, if nginx does not look for the
    flag file or if another replica is out of service. Raises `ProbeFailed` if the proxy still sends
    requests to the replica. After any error while waiting, the replica is back in service.
    """
    proxy = _require_drainable(ctx, service)
    started = time.monotonic()
    flag_files.create(ctx, proxy, str(flag_file(ctx, service)), SETTING)
    try:
        _wait_until_drained(ctx, service)
    except BaseException:
        put_in_service(ctx, service)
        raise
    return time.monotonic() - started


def put_in_service(ctx: Context, service: str) -> None:
    """Remove the replica's flag file, so that the proxy sends it requests again.

    If the proxy does not run, the file is removed on the host, for the proxy's next start.
    """
    name = ctx.settings.services.proxy
    proxy = ctx.container(name) if name else None
    file = flag_file(ctx, service)
    if name is None or file is None:
        return
    if proxy is not None and proxy.is_running:
        flag_files.remove(ctx, proxy, file, SETTING)
    elif path := flag_files.declared_host_path(ctx, file):
        flag_files.remove_on_host(ctx, path, SETTING)


def out_of_service(ctx: Context) -> list[str]:
    """Return the replicas that are out of service now, or will be once the proxy runs.

    Outside a run, these are the replicas that an interrupted run left out of service.
    """
    name = ctx.settings.services.proxy
    if name is None or ctx.settings.proxy.out_of_service is None:
        return []
    proxy = ctx.container(name)
    if proxy is not None and proxy.is_running:
        return flagged(ctx, proxy)
    paths = {
        app: flag_files.declared_host_path(ctx, str(flag_file(ctx, app)))
        for app in ctx.settings.services.app
    }
    return [app for app, path in paths.items() if path and flag_files.exists_on_host(path)]


def flagged(ctx: Context, proxy: Container) -> list[str]:
    """Return the replicas whose flag file exists, as the running proxy sees it."""
    files = {name: flag_file(ctx, name) for name in ctx.settings.services.app}
    existing = flag_files.existing(ctx, proxy, [file for file in files.values() if file])
    return [name for name, file in files.items() if file in existing]


def flag_file_location(ctx: Context, proxy: Container, service: str) -> str:
    """Return where the operator finds the flag file: a host path, or "FILE in CONTAINER"."""
    file = str(flag_file(ctx, service))
    return str(flag_files.host_path(ctx, proxy, file) or f"{file} in {proxy.name}")


def flag_file(ctx: Context, service: str) -> str | None:
    """Return the flag file's path in the proxy's container; None without `proxy.out_of_service`."""
    pattern = ctx.settings.proxy.out_of_service
    return pattern.replace("{service}", service) if pattern else None


def _running_proxy(ctx: Context) -> Container:
    return ctx.running(str(ctx.settings.services.proxy))


def _drainable_by(ctx: Context, nginx: Nginx) -> frozenset[str]:
    """Return the replicas whose flag file nginx looks for."""
    tree = read_configuration(ctx, nginx)
    return frozenset(n for n in ctx.settings.services.app if is_drainable(ctx, tree, n))


def is_drainable(ctx: Context, tree: tuple[Directive, ...], service: str) -> bool:
    """Return whether nginx with this configuration looks for the flag file of a replica."""
    file = flag_file(ctx, service)
    return file is not None and tests_file(tree, file)


def _require_drainable(ctx: Context, service: str) -> Container:
    nginx = find_nginx(ctx)
    others = [name for name in flagged(ctx, nginx.container) if name != service] if nginx else []
    if others:
        raise ConfigError(
            f"{others[0]} is out of service already, and nginx can leave out only one replica",
            where=f"proxy.out_of_service: {flag_file(ctx, others[0])}",
            todo="run `cosmicdeploy verify --only proxy`, which names the file to remove",
        )
    if nginx is None or service not in _drainable_by(ctx, nginx):
        raise ConfigError(
            f"The proxy cannot leave out {service}: it does not look for the flag file",
            where=f"proxy.out_of_service: {flag_file(ctx, service) or 'not set'}",
            todo="let nginx look for this file, as docs/proxy.md shows",
        )
    return nginx.container


def _wait_until_drained(ctx: Context, service: str) -> None:
    """Wait until the proxy has no open connection to the replica.

    nginx looks for the flag file on each request, so later requests go to other replicas. If old
    connections are still open after the grace period, the stop of the container will cut them.
    Raises `ProbeFailed` if a new connection is open then: the proxy ignores the flag file.
    """
    container = ctx.container(service)
    if container is None or not container.is_running:
        return
    before = open_connections(ctx, container)
    probe_all(ctx, [service])
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
            where=str(flag_file(ctx, service)),
            todo="let every proxy_pass use the group without this replica, as docs/proxy.md shows",
        )
    if left:
        connections = counted(len(left), "connection")
        ctx.say(f"{service} is drained, except for {connections} still open after its grace period")
