"""Find the services and verification points that do not work when a run begins."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import release_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import FirstError, UnhealthyContainer
from cosmicdeploy.journal.records.known_failures import KnownFailures
from cosmicdeploy.probes.application.replica import old_replica_problem
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.probes.urls import container_url, is_requested
from cosmicdeploy.process.concurrency import map_concurrently
from cosmicdeploy.process.startup import import_http_client_early
from cosmicdeploy.settings import Application
from cosmicdeploy.text.formatting import counted
from cosmicdeploy.verification.points import CHECKS, CONSOLE_POINTS, run_checks

# Clients depend on heartbeats, so this point is always checked. The other points take longer, for
# example for console commands, so they are only checked if a service does not work.
ALWAYS_CHECKED = ("heartbeat",)
# A container that the engine has restarted counts as working once it has run for this many seconds:
# in a restart loop it would have ended before.
SETTLED_SECONDS = 10


def find_initial_failures(
    ctx: Context, stopped: Collection[str] = (), created: Collection[str] = ()
) -> KnownFailures:
    """Return the services and verification points that do not work now.

    Waits for containers that are still starting. A point that could not be decided (`unproven`)
    does not count as failing. Nor does a service in `created`: it has no container yet, and the run
    creates one.

    The database and the cache are never among the failures, since no deploy works without them. If
    one of them is down, returns no failures, since everything else may fail because of it.
    `stopped` are services that an interrupted run has stopped; they are never among the failures
    either. If there are any, no points are checked, since points may fail because of these
    services.

    Sends health requests to each replica, one heartbeat to each replica of the main application,
    and one heartbeat through the load balancer. If a service does not work, runs all checks of the
    verification. A plan sends no heartbeat, checks no points and waits for nothing.
    """
    import_http_client_early()
    ctx = ctx.with_cached_facts()
    needed = ctx.settings.services.of(("database", "cache"))
    found = KnownFailures().with_new(created)
    if any(_is_down(ctx, name) for name in needed if name not in created):
        return found
    left_out = {*needed, *stopped, *created}
    services = _services(ctx, [name for name in ctx.settings.services.all if name not in left_out])
    if stopped or ctx.run.is_plan_only:
        return replace(found, services=services)
    points = _points(ctx, CHECKS if services else ALWAYS_CHECKED)
    return replace(found, services=services, points=points)


def _points(ctx: Context, points: Iterable[str]) -> dict[str, str]:
    failing = [r for r in run_checks(ctx, tuple(points)) if not r.ok and r.blocking]
    return {result.point: _finding(result) for result in failing if not result.unproven}


def _is_down(ctx: Context, name: str) -> bool:
    container = ctx.container(name)
    return container is None or bool(_state_problem(ctx, name, container))


def _finding(result: CheckResult) -> str:
    """Return what a check found, for the journal, which must not contain a command's output."""
    return "its command fails" if result.point in CONSOLE_POINTS else result.found


def _services(ctx: Context, names: Sequence[str]) -> dict[str, str]:
    problems = zip(names, map_concurrently(partial(problem_of, ctx), names), strict=True)
    return {name: problem for name, problem in problems if problem}


def problem_of(ctx: Context, name: str) -> str:
    """Return what is wrong with a service's container; "" if it works.

    Waits for a container that is still starting, unless this is a plan. Sends requests to a replica
    (see `response_problem`).
    """
    container = ctx.container(name)
    if container is None:
        return "no container"
    if problem := _state_problem(ctx, name, container):
        return problem
    application = ctx.settings.application_of(name)
    return response_problem(ctx, application, container) if application else ""


def _state_problem(ctx: Context, name: str, container: Container) -> str:
    if not container.is_running:
        ended = f", exit code {container.exit_code}" if container.status == "exited" else ""
        return f"{container.status}{ended}"
    if container.health == "unhealthy":
        return "unhealthy"
    if container.health == "starting":
        return _start_problem(ctx, name, container)
    if container.restart_count and container.seconds_up < SETTLED_SECONDS:
        return f"restarted {counted(container.restart_count, 'time')}"
    return ""


def _start_problem(ctx: Context, name: str, container: Container) -> str:
    if ctx.run.is_plan_only:
        return "still starting; a plan does not wait for it"
    try:
        wait_ready(ctx, container.id, name)
    except UnhealthyContainer:
        current = ctx.engine.container(container.id)
        restarts = current.restart_count if current else 0
        suffix = f", restarted {counted(restarts, 'time')}" if restarts else ""
        return f"does not become healthy{suffix}"
    return ""


def response_problem(ctx: Context, application: Application, container: Container) -> str:
    """Return what is wrong with the responses of an application's replica; "" if it works.

    Sends a health request and, to the main application, a heartbeat; a plan sends no heartbeat.
    Also returns "" for a replica to which the deployer sends no requests.
    """
    if not is_requested(container, application):
        return ""
    release, problem, errors = release_of(ctx, container), "", FirstError()
    with errors:
        url = container_url(container, application)
        problem, _ = old_replica_problem(ctx, application, url, release)
    return errors.error.what if errors.error else problem
