"""Check that a service of the infrastructure works again after it was replaced."""

from __future__ import annotations

from collections.abc import Callable

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError, FirstError, ProbeFailed
from cosmicdeploy.probes.http import send_request
from cosmicdeploy.probes.readiness import awaited_container, unhealthy, wait_ready
from cosmicdeploy.probes.urls import front_of
from cosmicdeploy.process.polling import poll
from cosmicdeploy.stack.order import needed_by
from cosmicdeploy.steps.containers.restart.stop_start import wait_for_replicas
from cosmicdeploy.steps.health import require_cache, require_database
from cosmicdeploy.traffic.response import Response

CHECK_EVERY_SECONDS = 0.25
# A container without a health check has to run this long, in seconds: a server that cannot read its
# data ends within a second.
SETTLED_AFTER = 2.0


def require_answers(ctx: Context, name: str) -> Callable[[], None]:
    """Return a function that waits until a service of the infrastructure works again.

    Call `require_answers` before the service is replaced, and the function afterwards. The function
    waits until the service is ready. Then it waits

    - for the database or the cache, until the service answers;
    - for the proxy, until clients get a response as before;
    - for a service that the application needs, but not for the proxy, until the replicas are ready.

    The function raises `CosmicError` if that takes too long. It does nothing for a service that is
    no infrastructure.
    """
    services = ctx.settings.services
    if name not in services.infrastructure:
        return lambda: None
    before = _front(ctx) if name == services.proxy else None

    def answers_again() -> None:
        wait_settled(ctx, ctx.running(name), name)
        if name == services.database:
            _in_time(ctx, lambda: require_database(ctx))
        if name == services.cache:
            _in_time(ctx, lambda: require_cache(ctx, name))
        if before is not None and name not in ctx.run.known_failures.services:
            _in_time(ctx, lambda: _require_same(ctx, before))
        if name != services.proxy and name in needed_by(ctx.stack, {*services.released}):
            wait_for_replicas(ctx)

    return answers_again


def wait_settled(ctx: Context, container: Container, name: str) -> None:
    """Wait until a container is ready.

    Without a health check, it has to run for `SETTLED_AFTER` seconds. Raises `UnhealthyContainer`,
    and `EngineError` if the container is removed.
    """
    container = wait_ready(ctx, container.id, name)
    if container.health:
        return

    def ended_container() -> Container | None:
        current = awaited_container(ctx, container.id, name)
        still_runs = current.is_running and current.started_at == container.started_at
        return None if still_runs else current

    ended = poll(ended_container, until=bool, every=CHECK_EVERY_SECONDS, within=SETTLED_AFTER)
    if ended is not None:
        raise unhealthy(ctx, ended, name, SETTLED_AFTER, ended=True)


def _front(ctx: Context) -> Response | None:
    """Return the response that a client gets now; None if no client can reach the proxy."""
    front = None
    with FirstError():  # `front_of` raises if the proxy does not run or has no address
        front = front_of(ctx, ctx.settings.main_application)
    return send_request(front.url, host=front.host) if front is not None else None


def _require_same(ctx: Context, before: Response) -> None:
    """Raise `ProbeFailed` if clients get no answer, or another status than before.

    If the response was a failure before, any status will do.
    """
    now = _front(ctx)
    if now is None:
        problem = "it does not run, or has no address for clients"
    elif now.error:
        problem = now.error
    elif now.status != before.status and not before.is_failure:
        problem = f"status {now.status}"
    else:
        problem = ""
    if problem:
        raise ProbeFailed(
            f"Clients are not served by the new proxy as before: {problem}",
            where=str(ctx.settings.services.proxy),
            todo="see its log: `cosmicdeploy logs proxy --tail 100`",
        )


def _in_time(ctx: Context, require: Callable[[], object]) -> None:
    """Repeat a check until it holds; raise its error after `restart.healthy_within` seconds."""

    def attempt() -> CosmicError | None:
        ctx.safe_point()
        errors = FirstError()
        with errors:
            require()
        return errors.error

    error = poll(
        attempt,
        until=lambda error: error is None,
        every=CHECK_EVERY_SECONDS,
        within=ctx.settings.restart.healthy_within,
    )
    if error is not None:
        raise error
