"""Check that the replicas and the load balancer respond to requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError, EngineUnavailable
from cosmicdeploy.operations.diagnosis.finding import Finding, Remedy, ok, problem
from cosmicdeploy.operations.diagnosis.remedies import restart, restart_or_replace
from cosmicdeploy.probes.http import OK, Response, send_request, send_with_retries
from cosmicdeploy.probes.readiness import HEALTH_CHECK_SILENCE
from cosmicdeploy.probes.urls import container_url, proxy_url

ANSWERS, PROXY = "answers", "through the proxy"


def answers(ctx: Context) -> Iterator[Finding]:
    """Check that each running replica responds, and that its own health check passes.

    Sends up to three requests to each replica, and runs its health check in the container.
    """
    healthy, path = [], ctx.settings.app.health_path
    for name in ctx.settings.services.app:
        container = ctx.container(name)
        if container is None or not container.is_running:
            continue
        inside = _inside_problem(ctx, container)
        # One request is enough for a replica that is known to be unhealthy.
        outside = _outside_problem(
            ctx, container, path, send_request if inside else send_with_retries
        )
        if not outside and not inside:
            healthy.append(name)
            continue
        problems = "; ".join(text for text in (outside, inside) if text)
        yield problem(
            ANSWERS,
            f"{name}: {problems}",
            f"cosmicdeploy restart {name}",
            remedies=restart_or_replace(ctx, name),
        )
    if healthy:
        yield ok(ANSWERS, f"200 from {path} of {', '.join(healthy)}")


def _outside_problem(
    ctx: Context,
    container: Container,
    path: str,
    send: Callable[[str], Response] = send_with_retries,
) -> str:
    """Send a request to a replica; return what is wrong with the response, "" if it is OK."""
    response = send(container_url(ctx, container) + path)
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
    """Check that clients get a response through the load balancer; sends up to three requests."""
    name = ctx.settings.services.proxy
    if name is None:
        yield ok(PROXY, "services.proxy is not configured")
        return
    response = send_with_retries(proxy_url(ctx) + ctx.settings.app.health_path)
    if response.status == OK:
        yield ok(PROXY, f"200 from {response.url} in {response.seconds * 1000:.0f} ms")
        return
    yield problem(
        PROXY,
        str(response),
        "cosmicdeploy verify --only proxy",
        remedies=_proxy_remedies(ctx, name),
    )


def _proxy_remedies(ctx: Context, name: str) -> Sequence[Remedy]:
    """Return the restart of the proxy if a replica responds; otherwise the cause is elsewhere."""
    path = ctx.settings.app.health_path
    replicas = [ctx.container(each) for each in ctx.settings.services.app]
    serves = any(
        each is not None and each.is_running and not _outside_problem(ctx, each, path)
        for each in replicas
    )
    proxy = ctx.container(name)
    return [restart(ctx, name)] if serves and proxy is not None and proxy.is_running else []
