"""The problem `heartbeat`: heartbeats are not accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.operations.diagnosis.checks.health.networks import network_faults
from cosmicdeploy.operations.diagnosis.finding import Finding, KnownProblem, ok, problem, works
from cosmicdeploy.operations.diagnosis.remedies import restart_or_replace
from cosmicdeploy.probes.application.heartbeat import is_accepted, todo_of, why_rejected
from cosmicdeploy.probes.http import (
    RATE_LIMITED,
    SERVER_ERROR,
    Response,
    send_request,
    send_with_retries,
)
from cosmicdeploy.probes.rate_limited import TODO_LIMITED, why_unproven
from cosmicdeploy.probes.urls import container_url, front_at, is_requested
from cosmicdeploy.settings import Heartbeat

THROUGH_PROXY = "heartbeat"


def heartbeat(ctx: Context) -> Iterator[Finding]:
    """Check that the application accepts a heartbeat of the configured device.

    Sends up to three heartbeats through the load balancer. If the last one gets a 5xx or no
    response, also sends one to each running replica, to find out which of them fails.
    """
    configured = ctx.settings.verify.heartbeat
    if configured is None:
        yield ok(THROUGH_PROXY, "verify.heartbeat is not configured")
        return
    token, front = ctx.loaded.secret(configured.token_variable), front_at(ctx, configured.path)
    response = send_with_retries(front.url, host=front.host, token=token, json=configured.body)
    if is_accepted(response, configured):
        took = f"{response.seconds * 1000:.0f} ms"
        text = f"200 with {configured.answers_with} from {front.url} in {took}"
        yield works(THROUGH_PROXY, ctx.settings.services.of(("proxy",)), text)
    elif response.status == RATE_LIMITED:
        yield problem(THROUGH_PROXY, why_unproven(response), TODO_LIMITED)
    elif response.error or response.status >= SERVER_ERROR:
        responses = _responses_of_replicas(ctx, configured, token)
        yield _not_answered(ctx, configured, response, responses)
    else:
        yield _rejected(response, configured)


def _rejected(response: Response, configured: Heartbeat) -> Finding:
    """Return the finding for a heartbeat that the application itself rejects, as with 401."""
    return problem(THROUGH_PROXY, why_rejected(response, configured), todo_of(response, configured))


def _responses_of_replicas(
    ctx: Context, configured: Heartbeat, token: str
) -> Mapping[str, Response]:
    """Send a heartbeat to each replica that can get one; return the responses by replica.

    Leaves out replicas that do not run, that are disconnected from their networks, or to which the
    deployer sends no requests (`is_requested`).
    """
    application = ctx.settings.main_application
    responses = {}
    for name in application.services:
        container = ctx.container(name)
        if container is None or not container.is_running or network_faults(ctx, name, container):
            continue
        if is_requested(container, application):
            url = container_url(container, application) + configured.path
            responses[name] = send_request(url, token=token, json=configured.body)
    return responses


def _not_answered(
    ctx: Context, configured: Heartbeat, response: Response, responses: Mapping[str, Response]
) -> Finding:
    """Return the finding for a heartbeat that got a 5xx or no response through the load balancer.

    There are remedies only if some replicas accept heartbeats and others fail. Otherwise the cause
    is the proxy, or something that all replicas need, and a restart of the replicas would not help.
    """
    failing = [n for n, each in responses.items() if each.error or each.status >= SERVER_ERROR]
    accepts = any(is_accepted(each, configured) for each in responses.values())
    blamed = failing if accepts else []
    return problem(
        THROUGH_PROXY,
        why_unproven(response) or str(response),
        _todo(ctx, response, responses, failing, accepts=accepts),
        details=[f"{name}: {each}" for name, each in responses.items()],
        remedies=[remedy for name in blamed for remedy in restart_or_replace(ctx, name)],
        services=failing,
    )


def _todo(
    ctx: Context,
    response: Response,
    responses: Mapping[str, Response],
    failing: Sequence[str],
    *,
    accepts: bool,
) -> str:
    if failing:
        return (
            f"cosmicdeploy restart {failing[0]}" if accepts else "cosmicdeploy logs app --tail 100"
        )
    if len(responses) < len(ctx.settings.main_application.services):
        return "cosmicdeploy diagnose unhealthy"  # it says why some replicas got no heartbeat
    if response.is_turned_away:
        return "cosmicdeploy status"  # it names the run that turns clients away
    return "cosmicdeploy verify --only proxy"


PROBLEM = KnownProblem(
    name="heartbeat",
    about="heartbeats are not accepted",
    checks={THROUGH_PROXY: heartbeat},
)
