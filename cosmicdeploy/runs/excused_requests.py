"""Excuse failing requests of a run if clients already had failures before it."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.runs.plan import Plan

# The points of the verification that send the same requests as clients.
CLIENT_POINTS = frozenset({"health", "heartbeat"})


def excuse_known_failures(ctx: Context, plan: Plan) -> None:
    """Excuse failing requests until the rollout ends, if clients had failures before the run.

    If the run creates the proxy, no request could succeed before, so all failures are excused.
    Otherwise does nothing unless the plan replaces containers and the run has known failures:
    services or verification points that did not work before it. Then requests are excused in two
    cases: a request has already failed, or clients depend on one of the known failures. The second
    case is for a service that hangs, since a request to it has not failed yet.
    """
    traffic, known = ctx.run.traffic, ctx.run.known_failures
    has_new_proxy = ctx.settings.services.proxy in known.new
    if traffic is None and has_new_proxy and ctx.settings.probe.rate:
        ctx.warn("no request is sent during this run, since the proxy is new")
    if traffic is None:
        return
    if has_new_proxy:
        traffic.excuse_failures("all of them, since there was no proxy")
        return
    replaces = any(planned.changes and planned.step.replaces_containers for planned in plan)
    if not replaces or not known:
        return
    services = {*ctx.settings.services.app, ctx.settings.services.proxy}
    known_to_clients = (services & known.services.keys()) | (CLIENT_POINTS & known.points.keys())
    if known_to_clients or traffic.failures:
        failing = [
            each.name
            for each in ctx.settings.all_applications
            if known.services.keys() >= set(each.services)
        ]
        traffic.excuse_failures(f"{len(traffic.failures)} of {traffic.sent} of them", failing)
