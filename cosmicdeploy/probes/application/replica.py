"""Check one replica with requests that go straight to it, past the load balancer.

Each check sends a health request (GET). If `verify.heartbeat` is configured, a check of the main
application also sends a heartbeat (POST), which the application stores. A request is repeated after
an error or a 429, as described for `send_until_not_rate_limited`.
"""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CheckFailed, NotProven
from cosmicdeploy.probes.application.heartbeat import (
    UNKNOWN_DEVICE,
    is_accepted,
    todo_of,
    why_rejected,
)
from cosmicdeploy.probes.http import OK, SERVER_ERROR, Response
from cosmicdeploy.probes.rate_limited import (
    send_until_not_rate_limited,
    todo_unproven,
    why_unproven,
)
from cosmicdeploy.settings import Application, Heartbeat

TODO_REFUSES_ALL = (
    "; if the running release refuses every token and the new release fixes that, deploy the new"
    " release without `verify.heartbeat`, and set that key again before the next deploy"
)


def new_replica_problem(ctx: Context, application: Application, url: str, release: str) -> str:
    """Return what is wrong with a replica of a new image at `url`; "" if it works.

    The replica must answer its health path as `release`. If a heartbeat is configured, a replica of
    the main application must also accept one: a good health response does not show that the code
    fits the schema.

    Raises `NotProven` if a rate limit or a maintenance page answers instead of the replica,
    `CheckFailed` if the application does not know the device's token, and `ConfigError` if the
    token's variable is not set.
    """
    response = send_until_not_rate_limited(ctx, url + application.health_path)
    _require_proven(response)
    problem = _health_problem(application, response, release)
    heartbeat = _heartbeat_of(ctx, application)
    if problem or heartbeat is None:
        return problem
    response = _send_heartbeat(ctx, url, heartbeat, ctx.loaded.secret(heartbeat.token_variable))
    _require_proven(response)
    _require_known_token(response, heartbeat)
    return "" if is_accepted(response, heartbeat) else why_rejected(response, heartbeat)


def old_replica_problem(
    ctx: Context,
    application: Application,
    url: str,
    release: str,
    *,
    must_know_token: bool = False,
) -> tuple[str, str]:
    """Return what is wrong with a running replica, and why a check is not conclusive.

    Both are "" if the replica works. The replica's release may expect other heartbeats than the
    configured one, or none. So only a connection error or a 5xx in response to a heartbeat counts
    as a problem. A plan sends no heartbeat.

    With `must_know_token`, raises `CheckFailed` if the replica does not know the device's token. A
    run without a trial needs this: no other check of the token comes before the first replica is
    replaced.
    """
    response = send_until_not_rate_limited(ctx, url + application.health_path)
    if unproven := why_unproven(response):
        return "", unproven
    if problem := _health_problem(application, response, release, header_required=False):
        return problem, ""
    return _old_heartbeat_problem(ctx, application, url, must_know_token=must_know_token)


def _heartbeat_of(ctx: Context, application: Application) -> Heartbeat | None:
    return ctx.settings.verify.heartbeat if application.is_main else None


def _old_heartbeat_problem(
    ctx: Context, application: Application, url: str, *, must_know_token: bool
) -> tuple[str, str]:
    """Return the problem and why the heartbeat is not conclusive; see `old_replica_problem`."""
    heartbeat = _heartbeat_of(ctx, application)
    if heartbeat is None:
        return "", ""
    if ctx.run.is_plan_only:
        return "", "a plan sends no heartbeat"
    token = ctx.loaded.variables.get(heartbeat.token_variable, "")
    if not token:
        return "", f"no token in {heartbeat.token_variable}"
    response = _send_heartbeat(ctx, url, heartbeat, token)
    if unproven := why_unproven(response):
        return "", unproven
    if must_know_token:
        _require_known_token(response, heartbeat, todo_suffix=TODO_REFUSES_ALL)
    if response.error or response.status >= SERVER_ERROR:
        return str(response), ""
    inconclusive = "" if response.status == OK else why_rejected(response, heartbeat)
    return "", inconclusive


def _send_heartbeat(ctx: Context, url: str, heartbeat: Heartbeat, token: str) -> Response:
    return send_until_not_rate_limited(ctx, url + heartbeat.path, token=token, json=heartbeat.body)


def _health_problem(
    application: Application, response: Response, release: str, *, header_required: bool = True
) -> str:
    """Return why a health response is not a good one from `release`; "" if it is.

    With `header_required`, a response without the release header is a problem as well: another
    server may have sent it.
    """
    if response.status != OK:
        return str(response)
    header = application.release_header
    if not header or not release:
        return ""
    reported = response.headers.get(header, "")
    is_missing_allowed = not reported and not header_required
    if reported == release or is_missing_allowed:
        return ""
    return f"{response.url} answers as release {reported or 'unknown'}, not {release}"


def _require_known_token(response: Response, heartbeat: Heartbeat, todo_suffix: str = "") -> None:
    """Raise `CheckFailed` if the application does not know the device's token."""
    if response.status in UNKNOWN_DEVICE:
        raise CheckFailed(
            f"The application does not know the token in {heartbeat.token_variable}; no replica was"
            " touched",
            where=response.url,
            todo=todo_of(response, heartbeat) + todo_suffix,
            details=(str(response),),
        )


def _require_proven(response: Response) -> None:
    if reason := why_unproven(response):
        raise NotProven(
            "It is unknown whether the new image works; no replica was touched",
            where=response.url,
            todo=todo_unproven(response),
            details=(reason,),
        )
