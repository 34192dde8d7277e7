"""The nginx that runs in the proxy's container: find it, read its configuration, reload it."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError, EngineError
from cosmicdeploy.process.polling import poll
from cosmicdeploy.proxy.declared.directives import Directive
from cosmicdeploy.proxy.kernel.processes import Process, processes
from cosmicdeploy.proxy.nginx.configuration import parse

RELOAD_SECONDS = 10.0
POLL_SECONDS = 0.1
LOG_LINES = 5


@dataclass(frozen=True, kw_only=True)
class Nginx:
    """A running nginx.

    After a reload, `workers` include the previous ones while they finish their last requests.
    """

    container: Container
    workers: tuple[Process, ...]


def find_nginx(ctx: Context) -> Nginx | None:
    """Return the nginx in the proxy's container; None if the proxy does not run or is not nginx."""
    name = ctx.settings.services.proxy
    container = ctx.container(name) if name else None
    if container is None or not container.is_running:
        return None
    own = [p for p in processes(ctx, container) if p.name == "nginx"]
    ids = {p.pid for p in own}
    workers = tuple(p for p in own if p.parent in ids)
    return Nginx(container=container, workers=workers) if own else None


def read_configuration(ctx: Context, nginx: Nginx) -> tuple[Directive, ...]:
    """Return the configuration that nginx would start with now, as a tree of directives.

    Raises `ConfigError` if nginx would not start with it.
    """
    return parse(dump_configuration(ctx, nginx))


def dump_configuration(ctx: Context, nginx: Nginx) -> str:
    """Return the configuration that nginx would start with now, as `nginx -T` prints it.

    Raises `ConfigError` if nginx would not start with it.
    """
    result = ctx.engine.exec(nginx.container.id, ["nginx", "-T"])
    if result.exit_code != 0:
        raise ConfigError(
            "nginx would not start with its present configuration",
            where=nginx.container.name,
            todo="correct the configuration before nginx restarts; until then nginx runs with the "
            "old one. If a host name is not found, its container may be stopped",
            details=_complaints(result.error_text),
        )
    return result.text


def reload(ctx: Context, nginx: Nginx) -> None:
    """Make nginx read its configuration and resolve all names again; wait for new workers.

    Raises `ConfigError` if nginx would not start with its present configuration, and `EngineError`
    if the reload fails or no new workers appear within 10 seconds.
    """
    read_configuration(ctx, nginx)
    container = nginx.container
    result = ctx.engine.exec(container.id, ["nginx", "-s", "reload"])
    if result.exit_code != 0 or not _has_new_workers(ctx, nginx):
        raise EngineError(
            "nginx did not reload its configuration",
            where=container.name,
            todo="see the proxy's log; nginx still runs with its old configuration",
            details=result.error_text.splitlines() or ctx.engine.logs(container.id, tail=LOG_LINES),
        )


def _has_new_workers(ctx: Context, before: Nginx) -> bool:
    def is_renewed() -> bool:
        now = find_nginx(ctx)
        return now is not None and not set(now.workers) <= set(before.workers)

    return poll(is_renewed, until=bool, every=POLL_SECONDS, within=RELOAD_SECONDS, sleep=ctx.sleep)


def _complaints(text: str) -> list[str]:
    return [line for line in text.splitlines() if "[emerg]" in line or "[error]" in line] or [
        *text.splitlines()[-LOG_LINES:]
    ]
