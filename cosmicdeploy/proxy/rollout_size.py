"""How many containers of an application run or are down at a time during a rollout."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.settings import Application
from cosmicdeploy.settings.pace import pace_of


def most_down(ctx: Context) -> int:
    """Return how many replicas of an application a deploy may have down at a time."""
    return max(_down_of(ctx, each) for each in ctx.settings.all_applications)


def most_at_a_time(ctx: Context) -> int:
    """Return how many containers of one application a deploy may have running at a time."""
    return max(_running_of(ctx, each) for each in ctx.settings.all_applications)


def _down_of(ctx: Context, application: Application) -> int:
    replicas = application.services
    paces = [pace_of(ctx.settings, ctx.service(name)) for name in replicas]
    # `at_a_time` is None for all.
    stopped = [pace.at_a_time or len(replicas) for pace in paces if pace.order == "stop-first"]
    return min(max(stopped, default=1), len(replicas) - 1)


def _running_of(ctx: Context, application: Application) -> int:
    replicas = application.services
    paces = [pace_of(ctx.settings, ctx.service(name)) for name in replicas]
    added = [pace.at_a_time or len(replicas) for pace in paces if pace.order == "start-first"]
    return len(replicas) + min(max(added, default=0), len(replicas))
