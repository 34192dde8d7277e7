"""What does not work when a run begins."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import partial

from cosmicdeploy.concurrency import map_concurrently
from cosmicdeploy.context import Context, release_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError, EngineUnavailable, LockLost, UnhealthyContainer
from cosmicdeploy.journal.known_failures import KnownFailures
from cosmicdeploy.probes.application.replica import old_replica_problem
from cosmicdeploy.probes.http import load_early
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.probes.urls import container_url
from cosmicdeploy.verification.checklist import CHECKS, CONSOLE, run_checks

# Clients notice nothing else; the rest is looked at where something does not work, since its
# commands in containers are expensive.
ALWAYS = ("heartbeat",)
# What is restarted again and again without a health check runs for moments.
SETTLED_SECONDS = 10


def look(ctx: Context, stopped: Collection[str] = ()) -> KnownFailures:
    """Services and points that do not work now; what cannot be proven is not among them.

    A container that starts is waited for. Database and cache are left out: no deploy can do without
    them, and without them of nothing else it can be said whether it works. So are services that a
    killed run `stopped`, and with them the points, which would fail for that.
    A plan sends no heartbeat, runs no command and waits for nothing.
    """
    load_early()
    ctx = ctx.at_a_glance()
    needed = ctx.settings.services.of(("database", "cache"))
    if any(_is_down(ctx, name) for name in needed):
        return KnownFailures()
    left_out = {*needed, *stopped}
    services = _services(ctx, [name for name in ctx.settings.services.all if name not in left_out])
    if stopped or ctx.only_plan:
        return KnownFailures(services=services)
    return KnownFailures(services=services, points=_points(ctx, CHECKS if services else ALWAYS))


def _points(ctx: Context, points: Iterable[str]) -> dict[str, str]:
    failing = [r for r in run_checks(ctx, tuple(points)) if not r.ok and r.blocking]
    return {result.point: _told(result) for result in failing if not result.unproven}


def _is_down(ctx: Context, name: str) -> bool:
    container = ctx.container(name)
    return container is None or bool(_state_problem(ctx, name, container))


def _told(result: CheckResult) -> str:
    """What was found, for the journal, where no command's own words belong."""
    return "its command fails" if result.point in CONSOLE else result.found


def _services(ctx: Context, names: Sequence[str]) -> dict[str, str]:
    found = zip(names, map_concurrently(partial(problem_of, ctx), names), strict=True)
    return {name: problem for name, problem in found if problem}


def problem_of(ctx: Context, name: str) -> str:
    """What is wrong with a service's container; "" where nothing is."""
    container = ctx.container(name)
    if container is None:
        return "no container"
    if problem := _state_problem(ctx, name, container):
        return problem
    return answer_problem(ctx, container) if name in ctx.settings.services.app else ""


def _state_problem(ctx: Context, name: str, container: Container) -> str:
    if not container.is_running:
        ended = f", exit code {container.exit_code}" if container.status == "exited" else ""
        return f"{container.status}{ended}"
    if container.health == "unhealthy":
        return "unhealthy"
    if container.health == "starting":
        return _start_problem(ctx, name, container)
    if container.restart_count and container.seconds_up < SETTLED_SECONDS:
        return f"restarted {container.restart_count} times"
    return ""


def _start_problem(ctx: Context, name: str, container: Container) -> str:
    if ctx.only_plan:
        return "starting, which a plan does not wait for"
    try:
        wait_ready(ctx, container.id, name)
    except UnhealthyContainer:
        now = ctx.engine.container(container.id)
        restarted = f", restarted {now.restart_count} times" if now and now.restart_count else ""
        return f"does not become healthy{restarted}"
    return ""


def answer_problem(ctx: Context, container: Container) -> str:
    """What is wrong with a replica's answers."""
    image = ctx.engine.image(container.image_id)
    release = release_of(image, ctx.settings.app.release_variable)
    try:
        return old_replica_problem(ctx, container_url(ctx, container), release)[0]
    except (EngineUnavailable, LockLost):
        raise
    except CosmicError as error:
        return error.what
