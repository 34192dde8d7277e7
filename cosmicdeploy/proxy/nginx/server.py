"""The nginx that runs in the proxy's container."""

from __future__ import annotations

from dataclasses import dataclass

import tenacity

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError, EngineError
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.proxy.nginx.configuration import Directive, parse

RELOADED_WITHIN = 10.0
LOG_LINES = 5
# What follows the name of the program in /proc/PID/stat: the third field and so on.
PARENT, STARTED = 1, 19


@dataclass(frozen=True, kw_only=True)
class Process:
    """`started` in clock ticks since the host's own start: the same clock in all containers."""

    pid: int
    name: str
    parent: int
    started: int


@dataclass(frozen=True, kw_only=True)
class Nginx:
    """`workers` serve, or finish what they have."""

    container: Container
    workers: tuple[Process, ...]


def find(ctx: Context) -> Nginx | None:
    """The proxy where it runs and is nginx."""
    name = ctx.settings.services.proxy
    container = ctx.container(name) if name else None
    if container is None or not container.is_running:
        return None
    own = [p for p in processes(ctx, container) if p.name == "nginx"]
    ids = {p.pid for p in own}
    workers = tuple(p for p in own if p.parent in ids)
    return Nginx(container=container, workers=workers) if own else None


def configuration(ctx: Context, nginx: Nginx) -> tuple[Directive, ...]:
    """What nginx would start with now; raises `ConfigError` where it would not start."""
    result = ctx.engine.exec(nginx.container.id, ["nginx", "-T"])
    if result.exit_code != 0:
        raise ConfigError(
            "nginx would not start with its present configuration",
            where=nginx.container.name,
            todo="it was not reloaded, and serves on with the old one: correct this before "
            "anything restarts it. A name that is not found is that of a stopped container",
            details=_complaints(result.error_text),
        )
    return parse(result.text)


def reload(ctx: Context, nginx: Nginx) -> None:
    """Let nginx read its configuration, and all names, anew. Returns once new workers serve.

    Raises `ConfigError` where it could not start with it, `EngineError` where no new workers came.
    """
    configuration(ctx, nginx)
    container = nginx.container
    result = ctx.engine.exec(container.id, ["nginx", "-s", "reload"])
    if result.exit_code != 0 or not _renewed(ctx, nginx):
        raise EngineError(
            "nginx was told to reload and did not",
            where=container.name,
            todo="see the proxy's log; it serves on with what it had",
            details=result.error_text.splitlines() or ctx.engine.logs(container.id, tail=LOG_LINES),
        )


def processes(ctx: Context, container: Container) -> list[Process]:
    """All processes of a container; none where they cannot be read."""
    text = proc.read(ctx, container, "[0-9]*/stat").text
    return [_process(line) for line in text.splitlines() if ") " in line]


def _process(line: str) -> Process:
    # The name stands in brackets and may hold anything, brackets too.
    front, _, rest = line.rpartition(") ")
    pid, _, name = front.partition(" (")
    fields = rest.split()
    return Process(
        pid=int(pid), name=name, parent=int(fields[PARENT]), started=int(fields[STARTED])
    )


def _renewed(ctx: Context, before: Nginx) -> bool:
    waiting = tenacity.Retrying(
        stop=tenacity.stop_after_delay(RELOADED_WITHIN),
        wait=tenacity.wait_fixed(0.1),
        retry=tenacity.retry_if_result(lambda new: not new),
        retry_error_callback=lambda state: False,
    )

    def new() -> bool:
        now = find(ctx)
        return now is not None and not set(now.workers) <= set(before.workers)

    return bool(waiting(new))


def _complaints(text: str) -> list[str]:
    return [line for line in text.splitlines() if "[emerg]" in line or "[error]" in line] or [
        *text.splitlines()[-LOG_LINES:]
    ]
