"""The point `rate-limit`: the rate limit for heartbeats works."""

from __future__ import annotations

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.operations.checklist.verdict import (
    Evidence,
    Figures,
    Point,
    Span,
    Verdict,
    unknown_point,
)
from cosmicdeploy.probes.urls import proxy_url
from cosmicdeploy.text.formatting import counted, format_duration, format_percent
from cosmicdeploy.traffic.response import OK, RATE_LIMITED

POINT, BURST = "rate-limit", "burst"
TODO = "`cosmicdeploy checklist --probe` sends a burst of heartbeats of one device"
NOT_SENT: Figures = {"why": "no burst was requested"}


def burst(ctx: Context, _span: Span, _earlier: Figures | None) -> Figures:
    """Send heartbeats of the configured device, one after the other, until one is not accepted.

    Sends at most `checklist.burst` heartbeats; the application stores those that it accepts.
    Returns the number of accepted heartbeats as `let_in`, and the `status` and `error` of the last
    response. Raises `ConfigError` if `verify.heartbeat` is not set.
    """
    from cosmicdeploy.probes.proof.connection import Connection, Request

    heartbeat = ctx.settings.verify.heartbeat
    if heartbeat is None:
        raise ConfigError("`verify.heartbeat` is not configured", where=str(ctx.loaded.file))
    token = ctx.loaded.secret(heartbeat.token_variable)
    request = Request(path=heartbeat.path, token=token, body=heartbeat.body)
    connection, accepted = Connection(proxy_url(ctx)), 0
    try:
        for _ in range(ctx.settings.checklist.burst):
            response = connection.send(request)
            if response.status != OK:
                break
            accepted += 1
    finally:
        connection.close()
    return {"let_in": accepted, "status": response.status, "error": response.error}


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
    """Judge the point by a burst: its last heartbeat must be refused with 429."""
    accepted = counted(figures["let_in"], "heartbeat")
    limit_works = figures["status"] == RATE_LIMITED
    all_accepted = figures["status"] == OK
    ending = figures["error"] or f"then status {figures['status']}"
    return Point(
        point=POINT,
        verdict=Verdict.SAME if limit_works else Verdict.WORSE if all_accepted else Verdict.UNKNOWN,
        found=f"burst: {accepted} accepted, {'and none refused' if all_accepted else ending}",
        why="" if limit_works or all_accepted else "the burst ended in an unexpected response",
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
