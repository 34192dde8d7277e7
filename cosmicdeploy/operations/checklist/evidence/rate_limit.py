"""The point `rate-limit`: the rate limit for heartbeats works."""

from __future__ import annotations

import time

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.operations.checklist.verdict import (
    Evidence,
    Figures,
    Point,
    Span,
    Verdict,
    unknown_point,
)
from cosmicdeploy.probes.urls import front_at
from cosmicdeploy.text.formatting import counted, format_duration, format_percent
from cosmicdeploy.traffic.response import OK, RATE_LIMITED

POINT, BURST = "rate-limit", "burst"
# Rate limits for devices usually count the requests of a minute. A burst that takes longer may stay
# below such a limit.
PERIOD_SECONDS = 60
TODO = "`cosmicdeploy checklist --probe` sends a burst of heartbeats of one device"
NOT_SENT: Figures = {"why": "no burst was requested"}


def burst(ctx: Context, _span: Span, _earlier: Figures | None) -> Figures:
    """Send heartbeats of the configured device, one after the other, until one is not accepted.

    Sends `checklist.burst` heartbeats, and as many again if all are accepted, since the limit may
    have begun a new period during the first ones. The application stores the heartbeats that it
    accepts. Returns the number of accepted heartbeats as `let_in`, the `status` and `error` of the
    last response, and the `seconds` that the burst took. Raises `ConfigError` if `verify.heartbeat`
    is not set.
    """
    from cosmicdeploy.probes.proof.connection import Connection, Request

    heartbeat = ctx.settings.verify.heartbeat
    if heartbeat is None:
        raise ConfigError("`verify.heartbeat` is not configured", where=str(ctx.loaded.file))
    token = ctx.loaded.secret(heartbeat.token_variable)
    request = Request(path=heartbeat.path, token=token, body=heartbeat.body)
    connection, accepted = Connection(*front_at(ctx, heartbeat.path).origin), 0
    started = time.monotonic()
    try:
        for _ in range(2 * ctx.settings.checklist.burst):
            response = connection.send(request)
            if response.status != OK:
                break
            accepted += 1
    finally:
        connection.close()
    seconds = round(time.monotonic() - started, 1)
    return {
        "let_in": accepted,
        "status": response.status,
        "error": response.error,
        "seconds": seconds,
    }


def judge(evidence: Evidence) -> Point:
    """Judge the point by a burst if one was sent, otherwise by the proxy's log.

    By the log, the point is unknown if no request was refused (429). It is worse if the share of
    refused requests is above both `checklist.borne.limited` and twice the share in the baseline.
    Otherwise it is better if the baseline had no refused request, else the same.
    """
    log, burst_figures = evidence.now["proxy"], evidence.now.get(BURST, NOT_SENT)
    if "why" not in burst_figures:
        return _judge_burst(burst_figures)
    if unknown := unknown_point(POINT, log, TODO):
        return unknown
    before = evidence.in_baseline("proxy")
    not_sent = f"; no burst: {burst_figures['why']}" if BURST in evidence.now else ""
    verdict, why = Verdict.UNKNOWN, f"no client was refused{not_sent}"
    if log["limited"]:
        none_before = before is not None and not before["limited"]
        verdict, why = Verdict.BETTER if none_before else Verdict.SAME, ""
    todo = TODO
    if _share(log) > max(evidence.settings.checklist.borne.limited, 2 * _share(before)):
        verdict = Verdict.WORSE
        todo = "check whether devices send too many heartbeats, or the limit is too low"
    return Point(
        point=POINT,
        verdict=verdict,
        found=_describe(log),
        was=_describe(before) if before else "",
        why=why,
        todo=todo,
        now={key: log[key] for key in ("limited", "answers")},
        before={key: before[key] for key in ("limited", "answers")} if before else None,
    )


def _judge_burst(figures: Figures) -> Point:
    """Judge the point by a burst: its last heartbeat must be refused with 429.

    The point is unknown if the burst ended in another response, or if all heartbeats were accepted
    but the burst was too slow to reach a limit.
    """
    accepted = counted(figures["let_in"], "heartbeat")
    all_accepted = figures["status"] == OK
    ending = figures["error"] or f"then status {figures['status']}"
    verdict, why = Verdict.UNKNOWN, "the burst ended in an unexpected response"
    if figures["status"] == RATE_LIMITED:
        verdict, why = Verdict.SAME, ""
    elif all_accepted and figures["seconds"] > PERIOD_SECONDS:
        why = f"the burst took {figures['seconds']:g} s: a limit per minute may not be reached"
    elif all_accepted:
        verdict, why = Verdict.WORSE, ""
    return Point(
        point=POINT,
        verdict=verdict,
        found=f"burst: {accepted} accepted, {'and none refused' if all_accepted else ending}",
        why=why,
        todo="see `cosmicdeploy features list`, and the application's limit"
        if all_accepted
        else "see `cosmicdeploy verify --only heartbeat`",
        now=figures,
    )


def _share(log: Figures | None) -> float:
    return log["limited"] / log["answers"] if log and log["answers"] else 0.0


def _describe(log: Figures) -> str:
    requests = f"{log['answers']:,} requests in {format_duration(log['seconds'])}"
    if not log["limited"]:
        return f"none of {requests} refused with 429"
    return f"{log['limited']:,} ({format_percent(_share(log))}) of {requests} refused with 429"
