"""Whether clients reach an application, and at which address.

The address of the main application is taken for granted. The address of another application is
certain only if `reached_at` declares it. Otherwise the deployer presumes the application's health
path at the address of the stack, which may lead nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError, EngineError
from cosmicdeploy.probes.http import OK, send_request
from cosmicdeploy.probes.urls import Front, container_url, front_of, is_requested
from cosmicdeploy.settings import Application

NOT_FOUND = 404


@dataclass(frozen=True)
class NotReached:
    """Why no request can show that clients reach an application, and what to do about it."""

    why: str
    todo: str


def reach(ctx: Context, application: Application) -> Front | NotReached:
    """Return the request that shows that clients reach the application, or why there is none.

    If the address is only presumed, sends a request to it. If the response is a 404, sends requests
    to the replicas until one answers 200. If one does, clients use another address, or the
    application has no clients.

    Raises `EngineError` if the proxy does not run or, in a stack without one, the replica.
    """
    section = "app" if application.is_main else f"applications.{application.name}"
    todo = f"set `{section}.reached_at` to a path or URL that clients use, or to false"
    try:
        front = front_of(ctx, application)
    except ConfigError as error:
        return NotReached(error.what, todo)
    if front is None:
        return NotReached(f"{section}.reached_at is false", "remove that key if clients reach it")
    if _leads_nowhere(ctx, application, front):
        return NotReached(f"{front.url} answers 404, but a replica itself answers 200", todo)
    return front


def _leads_nowhere(ctx: Context, application: Application, front: Front) -> bool:
    if application.is_main or application.reached_at:
        return False
    return send_request(front.url).status == NOT_FOUND and _has_serving_replica(ctx, application)


def _has_serving_replica(ctx: Context, application: Application) -> bool:
    for name in application.services:
        container = ctx.container(name)
        if container is None or not container.is_running:
            continue
        if not is_requested(container, application):
            return container.is_ready
        try:
            url = container_url(container, application)
        except EngineError:
            continue
        if send_request(url + application.health_path).status == OK:
            return True
    return False
