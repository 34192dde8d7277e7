"""The point `rate-limit`: whether the rate limit of heartbeats works."""

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
NOT_SENT: Figures = {"why": "no burst was asked for"}


def burst(ctx: Context, _span: Span, _earlier: Figures | None) -> Figures:
    """Send heartbeats of the configured device one after the other, until one is not accepted.

    Sends at most `checklist.burst`; the application stores those that it accepts (`let_in`). Raises
    `ConfigError` if no device is configured.
    """
    from cosmicdeploy.probes.proof.connection import Connection, Request

    beat = ctx.settings.verify.heartbeat
    if beat is None:
        raise ConfigError("`verify.heartbeat` is not configured", where=str(ctx.loaded.file))
    token = ctx.loaded.secret(beat.token_variable)
    request = Request(path=beat.path, token=token, body=beat.body)
    connection, let_in = Connection(proxy_url(ctx)), 0
    try:
        for _ in range(ctx.settings.checklist.burst):
            answer = connection.send(request)
            if answer.status != OK:
                break
            let_in += 1
    finally:
        connection.close()
    return {"let_in": let_in, "status": answer.status, "error": answer.error}


def judge(evidence: Evidence) -> Point:
    """Return the point: judged by a burst if one was sent, otherwise by the proxy's log.

    By the log, it is unknown if no request was refused, and worse if the share of refused requests
    is above both `checklist.borne.limited` and twice the share in the baseline.
    """
    log, sent = evidence.now["proxy"], evidence.now.get(BURST, NOT_SENT)
    if "why" not in sent:
        return _judge_burst(sent)
    if unknown := unknown_point(POINT, log, TODO):
        return unknown
    then = evidence.then("proxy")
    not_sent = f"; no burst: {sent['why']}" if BURST in evidence.now else ""
    verdict, why = Verdict.UNKNOWN, f"no client was refused{not_sent}"
    if log["limited"]:
        new = then is not None and not then["limited"]
        verdict, why = Verdict.BETTER if new else Verdict.SAME, ""
    todo = TODO
    if _share(log) > max(evidence.settings.checklist.borne.limited, 2 * _share(then)):
        verdict = Verdict.WORSE
        todo = "see whether devices send too many heartbeats, or the limit is too low"
    return Point(
        point=POINT,
        verdict=verdict,
        found=_describe(log),
        was=_describe(then) if then else "",
        why=why,
        todo=todo,
        now={key: log[key] for key in ("limited", "answers")},
        before={key: then[key] for key in ("limited", "answers")} if then else None,
    )


def _judge_burst(sent: Figures) -> Point:
    accepted = counted(sent["let_in"], "heartbeat")
    works = sent["status"] == RATE_LIMITED
    ended = f"then {sent['status']}" if not sent["error"] else sent["error"]
    all_in = sent["status"] == OK
    return Point(
        point=POINT,
        verdict=Verdict.SAME if works else Verdict.WORSE if all_in else Verdict.UNKNOWN,
        found=f"burst: {accepted} let in, {'and none refused' if all_in else ended}",
        why="" if works or all_in else "the burst was not answered",
        todo="see `cosmicdeploy features list`, and the application's limit"
        if all_in
        else "see `cosmicdeploy verify --only heartbeat`",
        now=sent,
    )


def _share(log: Figures | None) -> float:
    return log["limited"] / log["answers"] if log and log["answers"] else 0.0


def _describe(log: Figures) -> str:
    requests = f"{log['answers']:,} requests in {format_duration(log['seconds'])}"
    if not log["limited"]:
        return f"none of {requests} refused with 429"
    return f"{log['limited']:,} ({format_percent(_share(log))}) of {requests} refused with 429"
