"""Send requests through the load balancer, to find out which replicas get requests."""

from __future__ import annotations

from collections.abc import Collection

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.http import send_request
from cosmicdeploy.probes.urls import front_of
from cosmicdeploy.process.polling import poll
from cosmicdeploy.proxy.kernel.connections import is_reached

POLL_SECONDS = 0.25
# Seconds to allow for each probe request. `unreached` sends about ten requests per second, so this
# is twice the time that a request takes.
SECONDS_PER_TURN = 0.2


def probe_all(ctx: Context, services: Collection[str]) -> None:
    """Send each application of these services one request more than it has replicas.

    This is enough for each replica to get a request. Sends none to an application that no client
    sends requests to. Raises what `front_of` raises.
    """
    for application in ctx.settings.applications_with(services):
        front = front_of(ctx, application)
        if front is None:
            continue
        for _ in range(1 + len(application.services)):
            send_request(front.url, host=front.host)


def unreached(ctx: Context, services: Collection[str], within: float) -> list[str]:
    """Probe for up to `within` seconds; return the replicas that got no request from the proxy.

    Replicas of an application that no client sends requests to are not probed, and not returned.
    Raises `EngineError` if a probed replica does not run, or if its connections cannot be read.
    """
    requested = [each for each in ctx.settings.applications_with(services) if each.is_reached]
    replicas = {name for each in requested for name in each.services}
    missing = {name: ctx.running(name) for name in services if name in replicas}

    def probe() -> list[str]:
        ctx.safe_point()
        probe_all(ctx, list(missing))
        reached = [name for name, container in missing.items() if is_reached(ctx, container)]
        for name in reached:
            del missing[name]
        return list(missing)

    if not missing:
        return []
    return poll(probe, until=lambda left: not left, every=POLL_SECONDS, within=within)
