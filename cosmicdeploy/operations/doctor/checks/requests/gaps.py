"""Check whether a deploy has to leave clients without any replica."""

from __future__ import annotations

import time

from cosmicdeploy.context.context import Context
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome
from cosmicdeploy.probes.proof.access_log import count_proxy
from cosmicdeploy.settings.pace import start_first_obstacle
from cosmicdeploy.steps.rollout.planning.gaps import announced_gaps, at_most

# The requests in a gap are estimated by this many seconds of the proxy's access log.
LOG_SECONDS = 600.0
START_FIRST = "restart: {order: {app: start-first}}"


def gaps(ctx: Context) -> Outcome:
    """Find the applications whose only replica is stopped before the new one starts."""
    found = announced_gaps(ctx, ctx.settings.services.deployed)
    if not found:
        return Outcome(found="a replica serves at every moment of a rollout")
    rate = _requests_per_second(ctx)
    flaws = [_flaw(ctx, name, what, rate) for name, what in found.items()]
    return Outcome(flaws=tuple(flaws))


def _flaw(ctx: Context, name: str, what: str, rate: float | None) -> Flaw:
    seconds, obstacle = at_most(ctx, name), start_first_obstacle(ctx.service(name))
    count = f"at most {seconds * rate:,.0f} requests" if rate else "all requests"
    measured = f" (at {rate:.1f} a second, as in the last 10 minutes)" if rate else ""
    if obstacle:
        todo = (
            "declare a second replica behind a proxy; start-first is impossible, since both"
            f" containers would need the {obstacle}"
        )
        lines: tuple[str, ...] = ("deploy: {replicas: 2}",)
    else:
        todo, lines = "write into cosmicdeploy.yaml:", (START_FIRST,)
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
