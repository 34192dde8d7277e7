"""What did not work when a run began and is not seen to work after it was undone."""

from __future__ import annotations

from functools import partial

from cosmicdeploy.concurrency import map_concurrently
from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.readiness import serves_now
from cosmicdeploy.verification.first_look import SETTLED_SECONDS, answer_problem, problem_of


def told_still_failing(ctx: Context) -> list[str]:
    """A line for each service that still does not work; one that works now has none."""
    known = ctx.known_failures.services
    names = [name for name in known if name in ctx.stack.services] if known else []
    try:
        found = map_concurrently(partial(_problem, ctx.at_a_glance()), names)
    except CosmicError as error:
        return [f"did not work before, and not looked at again ({error.what}): {', '.join(names)}"]
    return [
        _told(name, known[name], problem)
        for name, problem in zip(names, found, strict=True)
        if problem
    ]


def _told(name: str, then: str, now: str) -> str:
    was = "" if now == then else f" ({then} then)"
    return f"{name} does not work, as before{was}: {now}"


def _problem(ctx: Context, name: str) -> str:
    """As a run's first look, but that no start is waited for: what was just started is not seen to
    work before its health check, or time, has shown it."""
    container, replica = ctx.container(name), name in ctx.settings.services.app
    if container is None or not container.is_running:
        return problem_of(ctx, name)
    if container.health == "starting":
        if not serves_now(ctx, container):
            return "not healthy yet"
        return answer_problem(ctx, container) if replica else ""
    if not container.health and not replica and container.seconds_up < SETTLED_SECONDS:
        return "started a moment ago"
    return problem_of(ctx, name)
