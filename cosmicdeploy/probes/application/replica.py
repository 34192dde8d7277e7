"""Whether one replica works, asked past the load balancer."""

from __future__ import annotations

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CheckFailed, NotProven
from cosmicdeploy.probes.application.heartbeat import (
    UNKNOWN_DEVICE,
    is_taken,
    what_to_do,
    why_not_taken,
)
from cosmicdeploy.probes.http import BROKEN, OK, Response
from cosmicdeploy.probes.rate_limited import TODO_LIMITED, ask_until_answered, why_unproven
from cosmicdeploy.settings import Heartbeat


def new_replica_problem(ctx: Context, url: str, release: str) -> str:
    """What is wrong with a replica of the new image at a URL; "" where nothing is.

    It has to answer its health path as this release, and take a heartbeat where one is configured:
    health alone does not tell whether its code fits the schema. Raises `NotProven` where a rate
    limit or a maintenance page answers in its place, `CheckFailed` where it does not know the
    token.
    """
    answer = ask_until_answered(ctx, url + ctx.settings.app.health_path)
    _require_proven(answer)
    problem = _health_problem(ctx, answer, release)
    beat = ctx.settings.verify.heartbeat
    if problem or beat is None:
        return problem
    answer = _beat(ctx, url, beat, ctx.loaded.secret(beat.token_variable))
    _require_proven(answer)
    if answer.status in UNKNOWN_DEVICE:
        raise CheckFailed(
            f"The application does not know the token in {beat.token_variable}; no replica was"
            " touched",
            where=answer.url,
            todo=what_to_do(answer, beat),
            details=(str(answer),),
        )
    return "" if is_taken(answer, beat) else why_not_taken(answer, beat)


def old_replica_problem(ctx: Context, url: str, release: str) -> tuple[str, str]:
    """What is wrong with a replica that runs already, and what could not be seen of it; "" where
    nothing is.

    Its release may know no heartbeat, or another one: only what its server calls an error is one.
    """
    answer = ask_until_answered(ctx, url + ctx.settings.app.health_path)
    if unproven := why_unproven(answer):
        return "", unproven
    if problem := _health_problem(ctx, answer, release, may_be_silent=True):
        return problem, ""
    return _old_beat_problem(ctx, url)


def _old_beat_problem(ctx: Context, url: str) -> tuple[str, str]:
    beat = ctx.settings.verify.heartbeat
    if beat is None or ctx.only_plan:
        return "", "a plan sends no heartbeat" if beat else ""
    token = ctx.loaded.variables.get(beat.token_variable, "")
    if not token:
        return "", f"no token in {beat.token_variable}"
    answer = _beat(ctx, url, beat, token)
    if unproven := why_unproven(answer):
        return "", unproven
    if answer.error or answer.status >= BROKEN:
        return str(answer), ""
    return "", "" if answer.status == OK else why_not_taken(answer, beat)


def _beat(ctx: Context, url: str, beat: Heartbeat, token: str) -> Response:
    return ask_until_answered(ctx, url + beat.path, token=token, json=beat.body)


def _health_problem(
    ctx: Context, answer: Response, release: str, *, may_be_silent: bool = False
) -> str:
    """An answer without the header may be anybody's, such as a page of the web server's own."""
    if answer.status != OK:
        return str(answer)
    header = ctx.settings.app.release_header
    told = answer.headers.get(header, "") if header else ""
    if not (header and release) or told == release or (may_be_silent and not told):
        return ""
    return f"{answer.url} answers as release {told or 'not told'}, not {release}"


def _require_proven(answer: Response) -> None:
    if why := why_unproven(answer):
        raise NotProven(
            "It is not proven that the new image works; no replica was touched",
            where=answer.url,
            todo=TODO_LIMITED,
            details=(why,),
        )
