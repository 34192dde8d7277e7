"""Whether clients reach an application, and at which address.

The address of the main application is taken for granted. The address of another application is
certain only if `reached_at` declares it. Otherwise the deployer presumes the application's health
path at the address of the stack, which may lead nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.context.context import Context
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
    to the replicas until one answers 200. If a replica does, clients use another address, or the
    application has no clients. A ready replica to which the deployer sends no requests counts as
    answering 200.

    Raises `EngineError` if the proxy does not run or, in a stack without a proxy, if the replica
    does not run.
    """
    section = application.section
    todo = f"set `{section}.reached_at` to a path or URL that clients use, or to false"
    try:
        front = front_of(ctx, application)
    except ConfigError as error:
        # A path does not help here, since the address of the stack is unknown.
        url = f"set `{section}.reached_at` to a URL that clients use, or to false"
        return NotReached(error.what, f"{error.todo}, or {url}" if application.is_main else url)
    if front is None:
        return NotReached(f"{section}.reached_at is false", "remove that key if clients reach it")
    if evidence := _evidence_of_other_address(ctx, application, front):
        return NotReached(f"{front.url} answers 404, but {evidence}", todo)
    return front


def _evidence_of_other_address(ctx: Context, application: Application, front: Front) -> str:
    """Return what shows that the application works although its address answers 404.

    Returns "" if nothing shows it, or if the address is certain or does not answer 404.
    """
    if application.is_main or application.reached_at:
        return ""
    if send_request(front.url, host=front.host).status != NOT_FOUND:
        return ""
    evidence = (_evidence(ctx, application, name) for name in application.services)
    return next(filter(None, evidence), "")


def _evidence(ctx: Context, application: Application, name: str) -> str:
    """Return what shows that a replica works; "" if nothing does."""
    container = ctx.container(name)
    if container is None or not container.is_running:
        return ""
    if not is_requested(container, application):
        return f"{name} is {container.health or 'running'}" if container.is_ready else ""
    try:
        url = container_url(container, application)
    except EngineError:
        return ""
    is_serving = send_request(url + application.health_path).status == OK
    return f"{name} itself answers 200" if is_serving else ""
