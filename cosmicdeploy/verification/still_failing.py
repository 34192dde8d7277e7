"""Find the services that did not work before a run and still do not work after its undo."""

from __future__ import annotations

from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.readiness import serves_now
from cosmicdeploy.process.concurrency import map_concurrently
from cosmicdeploy.verification.initial_failures import (
    SETTLED_SECONDS,
    problem_of,
    response_problem,
)


def still_failing(ctx: Context) -> list[str]:
    """Return a line for each service that did not work before the run and still does not work.

    That includes services that had no container, whether they are new or were removed by hand.
    """
    known, new = ctx.run.known_failures.services, ctx.run.known_failures.new
    names = [name for name in known if name in ctx.stack.services]
    try:
        problems = map_concurrently(partial(_problem, ctx.with_cached_facts()), names)
    except CosmicError as error:
        listed = ", ".join(names)
        return [f"did not work before, and could not be checked again ({error.what}): {listed}"]
    failing = [
        _line(name, known[name], problem)
        for name, problem in zip(names, problems, strict=True)
        if problem
    ]
    missing = [name for name in new if name in ctx.stack.services and ctx.container(name) is None]
    return [*failing, *(f"{name} still has no container" for name in missing)]


def _line(name: str, before: str, now: str) -> str:
    change = "" if now == before else f" (before the run: {before})"
    return f"{name} still does not work: {now}{change}"


def _problem(ctx: Context, name: str) -> str:
    """Return what is wrong with a service; "" if it works.

    Unlike `find_initial_failures`, this does not wait. A container that is still starting counts as
    failing unless its health check passes now. A container that has no health check and is no
    replica counts as failing until it has run for `SETTLED_SECONDS`.
    """
    container, application = ctx.container(name), ctx.settings.application_of(name)
    if container is None or not container.is_running:
        return problem_of(ctx, name)
    if container.health == "starting":
        if not serves_now(ctx, container):
            return "not healthy yet"
        return response_problem(ctx, application, container) if application else ""
    if not container.health and application is None and container.seconds_up < SETTLED_SECONDS:
        return "started a moment ago"
    return problem_of(ctx, name)
