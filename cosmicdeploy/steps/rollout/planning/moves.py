"""Say in a plan that replicas may get other addresses, and what that costs clients."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable
from cosmicdeploy.proxy import load_balancer
from cosmicdeploy.settings.pace import pace_of
from cosmicdeploy.steps.rollout.planning.batches import grouped
from cosmicdeploy.text.formatting import counted


def possible_reloads(ctx: Context, replaced: Iterable[str]) -> dict[str, Any]:
    """Return how many times the rollout may have to reload the proxy, for the facts of a plan.

    `at_most` is that number, and `replicas` are the replicas whose address may change. Empty if no
    replica's address can change unnoticed, or if the proxy's configuration cannot be read.
    """
    replicas = [name for name in replaced if name in ctx.settings.services.app]
    try:
        moving = load_balancer(ctx).may_need_reload(replicas)
    except EngineUnavailable:
        raise
    except (ConfigError, EngineError):
        return {}  # the verification's point `proxy` reports the error
    groups = grouped(moving, lambda name: pace_of(ctx.settings, ctx.service(name)))
    at_most = sum(_reloads(ctx, group) for group in groups)
    return {"at_most": at_most, "replicas": moving} if moving else {}


def _reloads(ctx: Context, group: list[str]) -> int:
    """Return the highest number of reloads for replicas with the same pace: one for each batch.

    Two for each batch if the new container starts first: the proxy may also have resolved the name
    while both containers ran.
    """
    pace = pace_of(ctx.settings, ctx.service(group[0]))
    batches = math.ceil(len(group) / (pace.at_a_time or len(group)))
    return batches * (2 if pace.order == "start-first" else 1)


def described_reloads(reloads: dict[str, Any]) -> str:
    """Return the result of `possible_reloads` as a part of a plan's line."""
    if not reloads:
        return ""
    replicas, times = ", ".join(reloads["replicas"]), counted(reloads["at_most"], "time")
    return (
        f"the address of {replicas} may change, and the proxy knows only names: it may be reloaded"
        f" up to {times}, and each reload closes clients' idle connections; fixed addresses avoid"
        " that (docs/nginx.md)"
    )
