"""Where a run sends its requests: to each application, as its clients do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.reach import reach
from cosmicdeploy.probes.urls import Front, proxy_url


@dataclass(frozen=True, kw_only=True)
class Fronts:
    """The health requests by application, and the base URL of the heartbeats.

    `heartbeats` is "" if the stack's address is unknown.
    """

    applications: Mapping[str, Front]
    heartbeats: str = ""


def find_fronts(ctx: Context) -> Fronts:
    """Return the applications that clients reach now.

    Leaves out those that they do not, which the notices name, and those whose proxy or replica does
    not run: no client can notice the run there. Sends up to two requests for each application.
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
