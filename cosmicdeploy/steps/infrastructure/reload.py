"""The step `reload`: reload nginx if a mounted file of its configuration has changed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import ClassVar

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, EngineError, Refused
from cosmicdeploy.probes.mounted_files.changes import FileChange
from cosmicdeploy.proxy.nginx.server import Nginx, find_nginx, read_configuration, reload
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.infrastructure.files import file_changes
from cosmicdeploy.steps.infrastructure.notices import include_command
from cosmicdeploy.steps.infrastructure.records import remember_files

# What clients notice of a reload: nginx closes connections that have no request in flight.
COST, IDLE_CLOSED = "closes clients' idle connections", "closed idle connections"
# In seconds: the wait after a reload, and the gap in which clients may notice closed connections.
SETTLED_AFTER, RELOADED_WITHIN = 1.0, 15.0
_NOT_FOUND = re.compile(r'host not found in upstream "([^":]+)')


class ReloadStep(Step):
    """Reload nginx if a file of its configuration has changed since nginx loaded it.

    The changed configuration has to pass `nginx -t` before the run changes anything. The container
    does not see a mounted file that was replaced on the host, so a reload cannot apply that file.
    """

    kind: ClassVar[str] = "reload"
    # The step changes no data.
    needs_backup: ClassVar[bool] = False

    def check(self, ctx: Context) -> Change | Unchanged:
        name, nginx = ctx.settings.services.proxy, find_nginx(ctx)
        if name is None or nginx is None:
            why = "the stack has no proxy" if name is None else "the proxy is not nginx, or is down"
            return Unchanged(reason=why)
        found = file_changes(ctx, name, nginx.container)
        if found.needing_container and ctx.may_replace(name):
            return Unchanged(reason=f"{name} is replaced: it loads all of its files")
        if not found.reloadable:
            return Unchanged(reason=_nothing(name, found.needing_container))
        waits = _require_valid(ctx, nginx)
        files = ", ".join(map(str, found.reloadable))
        return Change(summary=f"reload {name} ({files}){waits}; it then {COST}")

    def apply(self, ctx: Context, change: Change) -> Result:
        nginx = find_nginx(ctx)
        if nginx is None:
            raise EngineError(
                "The proxy has ended", where=str(ctx.settings.services.proxy), todo="see its log"
            )
        began = time.time()
        with ctx.run.gaps.open(nginx.container.service, RELOADED_WITHIN, what=IDLE_CLOSED):
            reload(ctx, nginx)
            ctx.sleep(SETTLED_AFTER)
        remember_files(ctx, reloaded_at=began)
        return {"reloaded": nginx.container.name}

    def kept_after_undo(self, change: Change) -> str:
        return "nginx keeps the configuration that it has loaded"


def _nothing(name: str, needing_container: Iterable[FileChange]) -> str:
    listed = ", ".join(map(str, needing_container))
    if not listed:
        return f"{name} has loaded its present configuration"
    return f"no reload can apply this: {listed}; {include_command(name)} does"


def _require_valid(ctx: Context, nginx: Nginx) -> str:
    """Raise `Refused` if nginx would not start with its present configuration.

    The configuration may name services that the run has yet to create. Then nginx tests it once
    these services run, and the returned text says so in the plan; otherwise the text is "".
    """
    try:
        read_configuration(ctx, nginx)
    except ConfigError as error:
        missing = [host for line in error.details for host in _NOT_FOUND.findall(line)]
        if missing and len(missing) == len(error.details) and _are_created(ctx, missing):
            return f", once {', '.join(missing)} can be found"
        raise Refused(
            "nginx would not load its changed configuration",
            where=nginx.container.name,
            todo="correct the file; nothing was changed, and nginx keeps its former configuration",
            details=error.details,
        ) from error
    return ""


def _are_created(ctx: Context, hosts: Iterable[str]) -> bool:
    """Return whether these are names of services whose containers the run has yet to create."""
    absent = {
        name
        for service in ctx.stack.services.values()
        if ctx.container(service.name) is None
        for name in (service.compose_name, service.container_name)
    }
    return ctx.run.steps_ahead.replace_containers and set(hosts) <= absent
