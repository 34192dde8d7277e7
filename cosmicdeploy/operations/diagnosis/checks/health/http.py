"""Check that the replicas and the load balancer respond to requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError, EngineError, EngineUnavailable
from cosmicdeploy.operations.diagnosis.checks.health.networks import network_faults
from cosmicdeploy.operations.diagnosis.finding import Finding, Remedy, ok, problem, works
from cosmicdeploy.operations.diagnosis.remedies import restart, restart_or_replace
from cosmicdeploy.probes.http import OK, Response, send_request, send_with_retries
from cosmicdeploy.probes.reach import NotReached, reach
from cosmicdeploy.probes.readiness import HEALTH_CHECK_SILENCE
from cosmicdeploy.probes.urls import container_url, is_requested
from cosmicdeploy.settings import Application

ANSWERS, PROXY = "answers", "through the proxy"


def answers(ctx: Context) -> Iterator[Finding]:
    """Check that each running replica responds, and that its container's health check passes.

    Sends up to three requests to each replica, and runs the health check in the container. Leaves
    out replicas that are disconnected from their networks.
    """
    for application in ctx.settings.all_applications:
        yield from _answers_of(ctx, application)


def _answers_of(ctx: Context, application: Application) -> Iterator[Finding]:
    healthy, all_requested = list[str](), True
    for name in application.services:
        container = ctx.container(name)
        if container is None or not container.is_running:
            continue
        if network_faults(ctx, name, container):
            continue  # the check `networks` reports it
        inside = _inside_problem(ctx, container)
        # One request is enough for a replica that is known to be unhealthy.
        outside = _outside_problem(
            container, application, send_request if inside else send_with_retries
        )
        if not outside and not inside:
            healthy.append(name)
            all_requested = all_requested and is_requested(container, application)
            continue
        problems = "; ".join(text for text in (outside, inside) if text)
        yield problem(
            ANSWERS,
            f"{name}: {problems}",
            f"cosmicdeploy restart {name}",
            remedies=restart_or_replace(ctx, name),
            services=[name],
        )
    if healthy:
        what = f"200 from {application.health_path}" if all_requested else "the health check"
        end = "" if all_requested else " passes"
        yield works(ANSWERS, healthy, lambda names: f"{what} of {', '.join(names)}{end}")


def _outside_problem(
    container: Container,
    application: Application,
    send: Callable[[str], Response] = send_with_retries,
) -> str:
    """Send a request to a replica; return what is wrong with the response, "" if it is OK.

    Sends nothing and returns "" if the deployer sends such a replica no requests (`is_requested`).
    """
    if not is_requested(container, application):
        return ""
    try:
        url = container_url(container, application)
    except EngineError as error:  # a replica that was taken off its networks has no address
        return error.what
    response = send(url + application.health_path)
    return "" if response.status == OK else str(response)


def _inside_problem(ctx: Context, container: Container) -> str:
    """Run a container's own health check; return why it fails, "" if it passes or there is none."""
    if not container.healthcheck:
        return ""
    try:
        result = ctx.engine.exec(container.id, container.healthcheck, silence=HEALTH_CHECK_SILENCE)
    except EngineUnavailable:
        raise
    except CosmicError as error:
        return f"its own health check: {error.what}"
    last_line = "".join((result.error_text or result.text).strip().splitlines()[-1:])
    code = result.exit_code
    return f"its own health check ends with {code}: {last_line}" if code else ""


def through_the_proxy(ctx: Context) -> Iterator[Finding]:
    """Check that clients get a response through the load balancer.

    Sends up to four requests through the load balancer for each application. Also sends requests to
    the replicas if the load balancer fails, or if the application's address is only presumed.
    """
    name = ctx.settings.services.proxy
    if name is None:
        yield ok(PROXY, "services.proxy is not configured")
        return
    for application in ctx.settings.all_applications:
        front = reach(ctx, application)
        if isinstance(front, NotReached):
            yield ok(PROXY, f"{application.name} is not checked: {front.why}")
            continue
        response = send_with_retries(front.url, host=front.host)
        if response.status == OK:
            text = f"200 from {response.url} in {response.seconds * 1000:.0f} ms"
            yield works(PROXY, [name], text)
            continue
        yield problem(
            PROXY,
            str(response),
            "cosmicdeploy verify --only proxy",
            remedies=_proxy_remedies(ctx, application, name),
        )


def _proxy_remedies(ctx: Context, application: Application, name: str) -> Sequence[Remedy]:
    """Return the remedy to restart a running proxy, if a replica responds to a request.

    If no replica responds, the proxy is not the cause, and there is no remedy. A replica to which
    the deployer sends no requests (`is_requested`) counts as responding.
    """
    replicas = [ctx.container(each) for each in application.services]
    serves = any(
        each is not None and each.is_running and not _outside_problem(each, application)
        for each in replicas
    )
    proxy = ctx.container(name)
    return [restart(ctx, name)] if serves and proxy is not None and proxy.is_running else []
