"""Find the addresses to which a run sends its requests: those that applications' clients use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.reach import reach
from cosmicdeploy.probes.urls import Front, proxy_url


@dataclass(frozen=True, kw_only=True)
class Fronts:
    """The health request to each application, by name, and the base URL for heartbeats.

    `heartbeats` is "" if the stack's address is unknown.
    """

    applications: Mapping[str, Front]
    heartbeats: str = ""


def find_fronts(ctx: Context) -> Fronts:
    """Return where clients reach the applications now.

    Leaves out the applications that no client reaches at a known address; the notice `not probed`
    names these. Also leaves out applications whose proxy or replica does not run: their clients
    cannot notice the run. Sends the requests that `reach` describes.
    """
    fronts: dict[str, Front] = {}
    for application in ctx.settings.all_applications:
        try:
            front = reach(ctx, application)
        except CosmicError:
            continue
        if isinstance(front, Front):
            fronts[application.name] = front
    try:
        return Fronts(applications=fronts, heartbeats=proxy_url(ctx))
    except CosmicError:
        return Fronts(applications=fronts)
