"""Whether one replica works; its requests go straight to the replica, past the load balancer.

Each function sends one health request (GET) and, where `verify.heartbeat` is configured, one
heartbeat (POST) that the application stores. A request is sent up to three times on errors, and
again after a 429, for up to 75 s in all (`rate_limited.LONGEST_WAIT`).
"""

from __future__ import annotations

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CheckFailed, NotProven
from cosmicdeploy.probes.application.heartbeat import (
    UNKNOWN_DEVICE,
    is_accepted,
    todo_of,
    why_rejected,
)
from cosmicdeploy.probes.http import BROKEN, OK, Response
from cosmicdeploy.probes.rate_limited import TODO_LIMITED, ask_until_answered, why_unproven
from cosmicdeploy.settings import Heartbeat


def new_replica_problem(ctx: Context, url: str, release: str) -> str:
    """Return what is wrong with the replica of a new image at `url`; "" where it works.

    It must answer its health path as `release`, and accept a heartbeat where one is configured: a
    good health answer does not show that the code fits the schema.
    Raises `NotProven` if a rate limit or a maintenance page answers in its place, and `CheckFailed`
    if the application does not know the device's token.
    """
    answer = ask_until_answered(ctx, url + ctx.settings.app.health_path)
    _require_proven(answer)
    problem = _health_problem(ctx, answer, release)
    heartbeat = ctx.settings.verify.heartbeat
    if problem or heartbeat is None:
        return problem
    answer = _send_heartbeat(ctx, url, heartbeat, ctx.loaded.secret(heartbeat.token_variable))
    _require_proven(answer)
    if answer.status in UNKNOWN_DEVICE:
        raise CheckFailed(
            f"The application does not know the token in {heartbeat.token_variable}; no replica was"
            " touched",
            where=answer.url,
            todo=todo_of(answer, heartbeat),
            details=(str(answer),),
        )
    return "" if is_accepted(answer, heartbeat) else why_rejected(answer, heartbeat)


def old_replica_problem(ctx: Context, url: str, release: str) -> tuple[str, str]:
    """Return what is wrong with a running replica, and what could not be proven of it.

    Both are "" where it works. Its release may have no heartbeats, or other ones: of the answers to
    a heartbeat only a connection error and a 5xx are a problem. A plan sends no heartbeat.
    """
    answer = ask_until_answered(ctx, url + ctx.settings.app.health_path)
    if unproven := why_unproven(answer):
        return "", unproven
    if problem := _health_problem(ctx, answer, release, header_required=False):
        return problem, ""
    return _old_heartbeat_problem(ctx, url)


def _old_heartbeat_problem(ctx: Context, url: str) -> tuple[str, str]:
    heartbeat = ctx.settings.verify.heartbeat
    if heartbeat is None or ctx.run.is_plan_only:
        return "", "a plan sends no heartbeat" if heartbeat else ""
    token = ctx.loaded.variables.get(heartbeat.token_variable, "")
    if not token:
        return "", f"no token in {heartbeat.token_variable}"
    answer = _send_heartbeat(ctx, url, heartbeat, token)
    if unproven := why_unproven(answer):
        return "", unproven
    if answer.error or answer.status >= BROKEN:
        return str(answer), ""
    return "", "" if answer.status == OK else why_rejected(answer, heartbeat)


def _send_heartbeat(ctx: Context, url: str, heartbeat: Heartbeat, token: str) -> Response:
    return ask_until_answered(ctx, url + heartbeat.path, token=token, json=heartbeat.body)


def _health_problem(
    ctx: Context, answer: Response, release: str, *, header_required: bool = True
) -> str:
    """Return why a health answer is not one of `release`; "" where it is.

    An answer without the release's header may be a page of another server, so a new replica's must
    have it.
    """
    if answer.status != OK:
        return str(answer)
    header = ctx.settings.app.release_header
    answered = answer.headers.get(header, "") if header else ""
    if not (header and release) or answered == release or not (answered or header_required):
        return ""
    return f"{answer.url} answers as release {answered or 'unknown'}, not {release}"


def _require_proven(answer: Response) -> None:
    if reason := why_unproven(answer):
        raise NotProven(
            "It is not proven that the new image works; no replica was touched",
            where=answer.url,
            todo=TODO_LIMITED,
            details=(reason,),
        )
