"""The flag files that take replicas out of service: the setting `proxy.out_of_service`.

A load balancer whose configuration checks the flag file of a replica on every request sends that
replica no request while the file exists. Whether the configuration does so is for each kind of load
balancer to find out.
"""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.proxy.draining import flag_files

SETTING: flag_files.SettingKey = "proxy.out_of_service"


def flag_file(ctx: Context, service: str) -> str | None:
    """Return the flag file's path in the proxy's container; None without `proxy.out_of_service`."""
    pattern = ctx.settings.proxy.out_of_service
    return pattern.replace("{service}", service) if pattern else None


def locate_flag_file(ctx: Context, service: str) -> None:
    """Find out whether a replica's flag file can be changed on the host, and cache the answer.

    Called before a step creates the file, to save time then. Raises `EngineError` if the proxy does
    not run.
    """
    if file := flag_file(ctx, service):
        flag_files.host_path(ctx, _running_proxy(ctx), file)


def flag(ctx: Context, service: str) -> None:
    """Create the flag file of a replica. Raises `EngineError` if that fails."""
    flag_files.create(ctx, _running_proxy(ctx), str(flag_file(ctx, service)), SETTING)


def unflag(ctx: Context, service: str) -> None:
    """Remove the replica's flag file, if the setting names one and the file exists.

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


def flagged(ctx: Context) -> list[str]:
    """Return the replicas whose flag file exists, or will exist for the proxy's next start."""
    name = ctx.settings.services.proxy
    if name is None or ctx.settings.proxy.out_of_service is None:
        return []
    proxy = ctx.container(name)
    if proxy is not None and proxy.is_running:
        return flagged_in(ctx, proxy)
    paths = {
        app: flag_files.declared_host_path(ctx, str(flag_file(ctx, app)))
        for app in ctx.settings.services.app
    }
    return [app for app, path in paths.items() if path and flag_files.exists_on_host(path)]


def flagged_in(ctx: Context, proxy: Container) -> list[str]:
    """Return the replicas whose flag file exists, as the running proxy sees it."""
    files = {name: flag_file(ctx, name) for name in ctx.settings.services.app}
    existing = flag_files.existing(ctx, proxy, [file for file in files.values() if file])
    return [name for name, file in files.items() if file in existing]


def flag_file_location(ctx: Context, proxy: Container, service: str) -> str:
    """Return where the operator finds the flag file: a host path, or "FILE in CONTAINER"."""
    file = str(flag_file(ctx, service))
    return str(flag_files.host_path(ctx, proxy, file) or f"{file} in {proxy.name}")


def _running_proxy(ctx: Context) -> Container:
    return ctx.running(str(ctx.settings.services.proxy))
