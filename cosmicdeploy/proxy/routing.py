"""Requests of our own through the load balancer, to see whom it sends them to."""

from __future__ import annotations

import time
from collections.abc import Collection

from cosmicdeploy.context import Context
from cosmicdeploy.probes.http import ask
from cosmicdeploy.probes.urls import proxy_url
from cosmicdeploy.proxy.kernel.connections import served

POLL_SECONDS = 0.25
# Of our requests alone some ten are sent in a second; twice the time that all turns take.
SECONDS_A_TURN = 0.2


def ask_all(ctx: Context) -> None:
    """Enough requests for each replica to get its share."""
    url = proxy_url(ctx) + ctx.settings.app.health_path
    for _ in range(1 + len(ctx.settings.services.app)):
        ask(url)


def not_reached(ctx: Context, services: Collection[str], within: float) -> list[str]:
    """Who of them gets no request from the proxy, though it is asked for `within` seconds."""
    end, left = time.monotonic() + within, list(services)
    while left:
        ctx.safe_point()
        ask_all(ctx)
        left = [name for name in left if not served(ctx, name)]
        if not left or time.monotonic() >= end:
            break
        time.sleep(POLL_SECONDS)
    return left
