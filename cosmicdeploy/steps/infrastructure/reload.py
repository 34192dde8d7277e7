"""The step `reload`: reload the proxy if a mounted file of its configuration has changed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import ClassVar

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, EngineError, Refused
from cosmicdeploy.probes.mounted_files.changes import FileChange
from cosmicdeploy.proxy import Configuration, load_balancer
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.infrastructure.files import file_changes
from cosmicdeploy.steps.infrastructure.notices import include_command
from cosmicdeploy.steps.infrastructure.records import remember_files

# In seconds: the wait after a reload, and the gap in which clients may notice closed connections.
SETTLED_AFTER, RELOADED_WITHIN = 1.0, 15.0


class ReloadStep(Step):
    """Reload the proxy if a file of its configuration has changed since the proxy loaded it.

    The proxy has to accept the changed configuration (`nginx -t`) before the run changes anything.
    The container does not see a mounted file that was replaced on the host, so a reload cannot
    apply that file.
    """

    kind: ClassVar[str] = "reload"
    # The step changes no data.
    needs_backup: ClassVar[bool] = False

    def check(self, ctx: Context) -> Change | Unchanged:
        name, configuration = ctx.settings.services.proxy, load_balancer(ctx).configuration()
        if name is None or configuration is None:
            why = "the stack has no proxy" if name is None else "the proxy cannot be reloaded"
            return Unchanged(reason=why)
        found = file_changes(ctx, name, configuration.container)
        if found.needing_container and ctx.may_replace(name):
            return Unchanged(reason=f"{name} is replaced: it loads all of its files")
        if not found.reloadable:
            return Unchanged(reason=_nothing(name, found.needing_container))
        waits = _require_valid(ctx, configuration)
        files = ", ".join(map(str, found.reloadable))
        return Change(
            summary=f"reload {name} ({files}){waits}; it then {configuration.reload_cost}"
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        configuration = load_balancer(ctx).configuration()
        if configuration is None:
            raise EngineError(
                "The proxy has ended", where=str(ctx.settings.services.proxy), todo="see its log"
            )
        began = time.time()
        service, gap = configuration.container.service, configuration.reload_gap
        with ctx.run.gaps.open(service, RELOADED_WITHIN, what=gap):
            configuration.reload()
            ctx.sleep(SETTLED_AFTER)
        remember_files(ctx, reloaded_at=began)
        return {"reloaded": configuration.container.name}

    def kept_after_undo(self, change: Change) -> str:
        return "the proxy keeps the configuration that it has loaded"


def _nothing(name: str, needing_container: Iterable[FileChange]) -> str:
    listed = ", ".join(map(str, needing_container))
    if not listed:
        return f"{name} has loaded its present configuration"
    return f"no reload can apply this: {listed}; {include_command(name)} does"


def _require_valid(ctx: Context, configuration: Configuration) -> str:
    """Raise `Refused` if the proxy would not start with its present configuration.

    The configuration may name services that the run has yet to create. Then the proxy tests it once
    these services run, and the returned text says so in the plan; otherwise the text is "".
    """
    try:
        configuration.require_valid()
    except ConfigError as error:
        missing = configuration.missing_hosts(error)
        if missing and _are_created(ctx, missing):
            return f", once {', '.join(missing)} can be found"
        raise Refused(
            "The proxy would not load its changed configuration",
            where=configuration.container.name,
            todo="correct the file; nothing was changed, and the proxy keeps its former"
            " configuration",
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
