"""Find the addresses to which a run sends its requests: those that applications' clients use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.reach import reach
from cosmicdeploy.probes.urls import Front, front_at


@dataclass(frozen=True, kw_only=True)
class Fronts:
    """The health request to each application, by name, and where heartbeats are sent.

    `heartbeats` has the path ""; it is None if nothing runs or the stack's address is unknown.
    """

    applications: Mapping[str, Front]
    heartbeats: Front | None = None


def find_fronts(ctx: Context) -> Fronts:
    """Return where clients reach the applications now.

    Leaves out the applications that no client reaches at a known address; the notice `not probed`
    names these. Also leaves out applications whose proxy or replica does not run: their clients
    cannot notice the run. Sends the requests that `reach` describes.
    """
    fronts: dict[str, Front] = {}
    if not _can_be_reached(ctx):
        return Fronts(applications=fronts)
    for application in ctx.settings.all_applications:
        try:
            front = reach(ctx, application)
        except CosmicError:
            continue
        if isinstance(front, Front):
            fronts[application.name] = front
    try:
        return Fronts(applications=fronts, heartbeats=front_at(ctx, ""))
    except CosmicError:
        return Fronts(applications=fronts)


def _can_be_reached(ctx: Context) -> bool:
    """Whether the proxy runs or, in a stack without a proxy, any replica.

    This has to be checked because, with `probe.url`, the address is known even if nothing runs.
    """
    services = ctx.settings.services
    names = [services.proxy] if services.proxy else services.app
    return any((found := ctx.container(name)) is not None and found.is_running for name in names)
