"""Wait until a proxy that has just started sends requests to the replicas."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.http import send_request
from cosmicdeploy.probes.urls import Front, front_of
from cosmicdeploy.process.polling import poll

# In seconds. Traefik collects the events of containers for two seconds before it uses them.
SERVED_WITHIN = 10.0
GOOD = range(200, 300)


def wait_until_served(ctx: Context) -> None:
    """Wait until clients get a 2xx from each application, and say so if they do not get one.

    Raises nothing about the applications: a verification judges them, a start does not.
    """
    for front in _fronts(ctx):
        last = poll(
            partial(send_request, front.url, host=front.host),
            until=lambda response: response.status in GOOD,
            every=0.1,
            within=SERVED_WITHIN,
            sleep=ctx.sleep,
        )
        if last.status not in GOOD:
            ctx.say(f"clients get no 2xx yet at {front.url}: {last.error or last.status}")


def _fronts(ctx: Context) -> Iterator[Front]:
    for application in ctx.settings.all_applications:
        with suppress(CosmicError):  # the verification says why clients cannot reach it
            if front := front_of(ctx, application):
                yield front
