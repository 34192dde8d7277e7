"""Check whether a deploy has to leave clients without any replica."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import EngineUnavailable
from cosmicdeploy.operations.doctor.combining import attempted, holding
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome
from cosmicdeploy.probes.proof.access_log import count_proxy
from cosmicdeploy.proxy import LoadBalancer, declared_load_balancer, load_balancer
from cosmicdeploy.settings.pace import shared_data, start_first_obstacle
from cosmicdeploy.steps.rollout.planning.gaps import at_most, declared_gaps, described_conflicts

# The requests in a gap are estimated by this many seconds of the proxy's access log.
LOG_SECONDS = 600.0
START_FIRST = "restart: {order: {app: start-first}}"


# What to do about a gap, and the lines to write.
_Todo = tuple[str, tuple[str, ...]]


def gaps(ctx: Context) -> Outcome:
    """Find the applications that a deploy leaves without a replica, and why."""
    outcome = attempted(partial(_only_replicas, ctx), partial(_conflicts, ctx))
    return holding(outcome, "a replica serves at every moment of a rollout")


def _only_replicas(ctx: Context) -> Outcome:
    """Find the applications with a single replica that is stopped before the next one starts."""
    found = declared_gaps(ctx, ctx.settings.services.deployed)
    todos = {name: _correction(ctx, name) for name in found}
    return _outcome(ctx, found, todos)


def _conflicts(ctx: Context) -> Outcome:
    """Find the replicas whose old and new containers must not run side by side."""
    balancer = _balancer(ctx)
    found = balancer.conflicts(ctx.settings.services.deployed)
    todo: _Todo = (f"rename what that release defines differently, as {balancer.page} says", ())
    return _outcome(ctx, described_conflicts(ctx, found), dict.fromkeys(found, todo))


def _balancer(ctx: Context) -> LoadBalancer:
    """Return the load balancer; without an engine, the one that the stack's files declare."""
    try:
        return load_balancer(ctx)
    except EngineUnavailable:
        if (declared := declared_load_balancer(ctx)) is None:
            raise
        return declared


def _correction(ctx: Context, name: str) -> _Todo:
    """Return what to do about a single replica that is stopped first, and the lines to write."""
    service = ctx.service(name)
    if obstacle := start_first_obstacle(service):
        todo = (
            "declare a second replica behind a proxy: the new container cannot start first, since"
            f" both containers would need the {obstacle}"
        )
        return todo, ("deploy: {replicas: 2}",)
    if data := shared_data(service):
        todo = f"if two containers may write to {data} for a moment, write into cosmicdeploy.yaml:"
        return todo, (START_FIRST,)
    return "if two containers may run together, write into cosmicdeploy.yaml:", (START_FIRST,)


def _outcome(ctx: Context, found: Mapping[str, str], todos: Mapping[str, _Todo]) -> Outcome:
    """Return a flaw for each gap in `found` (service: why), with the requests that it costs."""
    rate = _requests_per_second(ctx) if found else None
    flaws = [_flaw(ctx, name, what, todos[name], rate) for name, what in found.items()]
    return Outcome(flaws=tuple(flaws))


def _flaw(ctx: Context, name: str, what: str, correction: _Todo, rate: float | None) -> Flaw:
    seconds = at_most(ctx, name)
    count = f"at most {seconds * rate:,.0f} requests" if rate else "all requests"
    measured = f" (at {rate:.1f} a second, as in the last 10 minutes)" if rate else ""
    todo, lines = correction
    return Flaw(
        stake="requests",
        loses=f"{count} in at most {seconds:.0f} s of each deploy{measured}",
        why=f"{name}: {what}",
        todo=todo,
        lines=lines,
    )


def _requests_per_second(ctx: Context) -> float | None:
    """Return how many requests a second the proxy answers, by its access log; None if unknown."""
    counts = count_proxy(ctx, time.time() - LOG_SECONDS, at_least=0)
    return counts["answers"] / LOG_SECONDS if counts else None


CHECK = Check(name="gaps", about="a replica serves at every moment of a rollout", run=gaps)
