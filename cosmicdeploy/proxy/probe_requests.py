"""Send requests through the load balancer, to see which replicas it reaches."""

from __future__ import annotations

from collections.abc import Collection

from cosmicdeploy.context import Context
from cosmicdeploy.polling import poll
from cosmicdeploy.probes.http import send_request
from cosmicdeploy.probes.urls import proxy_url
from cosmicdeploy.proxy.kernel.connections import is_reached

POLL_SECONDS = 0.25
# The deployer sends about ten requests per second; this is twice the time of one.
SECONDS_PER_TURN = 0.2


def probe_all(ctx: Context) -> None:
    """Send enough requests for each replica to get its share."""
    url = proxy_url(ctx) + ctx.settings.app.health_path
    for _ in range(1 + len(ctx.settings.services.app)):
        send_request(url)


def unreached(ctx: Context, services: Collection[str], within: float) -> list[str]:
    """Return the replicas that the proxy sends nothing to in `within` seconds of probing.

    Raises `EngineError` if one of them does not run.
    """
    left = {name: ctx.running(name) for name in services}

    def probe() -> list[str]:
        ctx.safe_point()
        probe_all(ctx)
        for name in [name for name, container in left.items() if is_reached(ctx, container)]:
            del left[name]
        return list(left)

    if not left:
        return []
    return poll(probe, until=lambda names: not names, every=POLL_SECONDS, within=within)
