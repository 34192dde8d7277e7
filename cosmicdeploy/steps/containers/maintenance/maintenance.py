"""Begin and end maintenance, in which clients are turned away.

If `maintenance.file` names a file that the proxy checks, clients get 503 with Retry-After while the
file exists. Without that setting the proxy is stopped, and connections are refused. In a stack
without a proxy, stopping the replicas turns clients away.
"""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable, ProbeFailed
from cosmicdeploy.probes.http import Response, send_request
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.probes.urls import Front, front_at, front_of
from cosmicdeploy.process.polling import poll
from cosmicdeploy.proxy import load_balancer
from cosmicdeploy.proxy.draining import flag_files
from cosmicdeploy.steps.containers.hooks import start_container
from cosmicdeploy.steps.containers.stopping import stop_container

# In seconds: how long the proxy may take to turn clients away.
EFFECTIVE_WITHIN = 5.0
# What clients notice, for the plan.
COST = (
    "clients are turned away (503, Retry-After); if `maintenance.file` is not set, they cannot"
    " connect"
)


def is_maintenance_on(ctx: Context) -> bool:
    """Whether clients are turned away now."""
    proxy, file = _proxy(ctx), ctx.settings.maintenance.file
    if ctx.settings.services.proxy is None:
        return not any(_runs(ctx, name) for name in ctx.settings.services.app)
    if proxy is None or not proxy.is_running:
        return True
    return bool(file) and bool(flag_files.existing(ctx, proxy, [str(file)]))


def start_maintenance(ctx: Context) -> None:
    """Turn clients away; raises `ProbeFailed` if requests are still served."""
    ctx.run.maintenance.open()
    proxy, file = _proxy(ctx), ctx.settings.maintenance.file
    if proxy is None or not proxy.is_running:
        return
    if not file:
        grace = ctx.service(proxy.service).stop_grace_period
        stop_container(ctx, proxy.service, proxy.id, grace)
        return
    flag_files.create(ctx, proxy, str(file), "maintenance.file")
    _require_response(ctx, turned_away=True)


def end_maintenance(ctx: Context) -> None:
    """Let clients in again; raises `ProbeFailed` if requests are not served."""
    proxy = _proxy(ctx)
    if proxy is not None:
        if not proxy.is_running:
            start_container(ctx, proxy.service, proxy.id)
            wait_ready(ctx, proxy.id, proxy.service)
        if file := ctx.settings.maintenance.file:
            _reload_proxy(ctx)
            flag_files.remove(ctx, proxy, str(file), "maintenance.file")
        # A proxy that has just started may not listen yet.
        _require_response(ctx, turned_away=False, within=ctx.settings.restart.healthy_within)
    ctx.run.maintenance.close()


def _reload_proxy(ctx: Context) -> None:
    """Reload the proxy if it has old addresses; an error does not prolong the maintenance."""
    try:
        load_balancer(ctx).reload_if_older()
    except EngineUnavailable:
        raise
    except (ConfigError, EngineError) as error:
        ctx.say(f"the proxy was not reloaded: {error.what}")


def _require_response(ctx: Context, *, turned_away: bool, within: float = EFFECTIVE_WITHIN) -> None:
    front = _front(ctx)

    def is_as_expected(response: Response) -> bool:
        # Without a response, it is unknown whether clients are turned away.
        return not response.error and response.is_turned_away == turned_away

    last = poll(
        lambda: send_request(front.url, host=front.host),
        until=is_as_expected,
        every=0.1,
        within=within,
        sleep=ctx.sleep,
    )
    if not is_as_expected(last):
        raise ProbeFailed(
            "The proxy does not turn clients away"
            if turned_away
            else "The proxy still turns clients away, or does not answer",
            where=front.url,
            todo="let the proxy answer 503 with Retry-After while `maintenance.file` exists;"
            " or leave that key out to have the proxy stopped instead"
            if turned_away
            else "see its log: `cosmicdeploy logs proxy --tail 100`",
        )


def _front(ctx: Context) -> Front:
    """Return a request that is answered 200: by the first application that clients reach."""
    reached = [each for each in ctx.settings.all_applications if each.is_reached]
    front = front_of(ctx, reached[0]) if reached else None
    return front or front_at(ctx, ctx.settings.main_application.health_path)


def _proxy(ctx: Context) -> Container | None:
    name = ctx.settings.services.proxy
    return ctx.container(name) if name else None


def _runs(ctx: Context, name: str) -> bool:
    container = ctx.container(name)
    return container is not None and container.is_running
