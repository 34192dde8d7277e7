"""Check that no rate limit refuses the requests with which a deploy proves its release."""

from __future__ import annotations

import re
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.operations.doctor.combining import attempted
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome, Unchecked, flaw_of
from cosmicdeploy.probes.application.heartbeat import (
    UNKNOWN_DEVICE,
    is_accepted,
    todo_of,
    why_rejected,
)
from cosmicdeploy.probes.http import RATE_LIMITED, Response, send_request
from cosmicdeploy.probes.rate_limited import TODO_LIMITED, why_unproven
from cosmicdeploy.probes.urls import front_of, proxy_url
from cosmicdeploy.settings import Heartbeat

NO_PROOF = "proof: a deploy whose requests are refused proves nothing"
UNDONE = "the deploy: it is undone if all of its heartbeats are refused"
NO_TOKEN = "the deploy: it would be refused"  # noqa: S105 - a message
LIMIT_HEADERS = ("X-RateLimit-Limit", "RateLimit-Limit")
LIMIT = re.compile(r"\s*(\d{1,9})\b")
# Besides those of `probe.heartbeat_rate`, a deploy sends one to each replica, and some more.
OTHER_HEARTBEATS = 3


def rate_limit(ctx: Context) -> Outcome:
    """Send one request and one heartbeat as a deploy does, and compare the limits with its rates.

    The application stores the heartbeat, for the device that only the deployer uses.
    """
    return attempted(partial(_requests, ctx), partial(_heartbeat, ctx))


def _requests(ctx: Context) -> Outcome:
    """Send the request of which a deploy sends `probe.rate` in a second."""
    application = ctx.settings.main_application
    front = front_of(ctx, application) if ctx.settings.probe.rate else None
    if front is None:
        return Outcome(found="a deploy sends no requests")
    response = send_request(front.url)
    per_minute = 60 * ctx.settings.probe.rate / len(ctx.settings.all_applications)
    if response.status == RATE_LIMITED:
        return Outcome(flaws=(_refused(response, NO_PROOF, "rate", ctx.settings.probe.rate),))
    if response.is_failure:
        why = f"{response}: what limits requests is not known"
        return Outcome(unchecked=(Unchecked(why=why, todo="see `cosmicdeploy verify`"),))
    return _within(response, per_minute, "rate", NO_PROOF)


def _heartbeat(ctx: Context) -> Outcome:
    """Send one heartbeat with the token of `verify.heartbeat`."""
    configured = ctx.settings.verify.heartbeat
    if configured is None:
        return Outcome()
    try:
        token = ctx.loaded.secret(configured.token_variable)
    except ConfigError as error:
        return Outcome(flaws=(flaw_of(error, "deploy", NO_TOKEN),))
    url = proxy_url(ctx) + configured.path
    response = send_request(url, token=token, json=configured.body)
    if response.status == RATE_LIMITED:
        rate = ctx.settings.probe.heartbeat_rate
        return Outcome(flaws=(_refused(response, UNDONE, "heartbeat_rate", rate),))
    if not is_accepted(response, configured):
        return _not_accepted(response, configured)
    replicas = len(ctx.settings.main_application.services)
    per_minute = 60 * ctx.settings.probe.heartbeat_rate + replicas + OTHER_HEARTBEATS
    return _within(response, per_minute, "heartbeat_rate", UNDONE)


def _not_accepted(response: Response, configured: Heartbeat) -> Outcome:
    why, todo = why_rejected(response, configured), todo_of(response, configured)
    if response.error or why_unproven(response):
        return Outcome(unchecked=(Unchecked(why=why, todo=todo),))
    unknown = "the deploy: it is undone, since no replica knows the token"
    wrong = "the deploy: it is undone, since its heartbeats are not accepted"
    loses = unknown if response.status in UNKNOWN_DEVICE else wrong
    return Outcome(flaws=(Flaw(stake="deploy", loses=loses, why=why, todo=todo),))


def _refused(response: Response, loses: str, key: str, rate: float) -> Flaw:
    why = f"{why_unproven(response)}; a deploy sends {rate:g} a second"
    return Flaw(
        stake="proof", loses=loses, why=why, todo=TODO_LIMITED, lines=(_line(key, rate / 2),)
    )


def _within(response: Response, per_minute: float, key: str, loses: str) -> Outcome:
    """Compare the limit that the response names with what a deploy sends in a minute."""
    limit = _limit(response)
    if limit is None or limit >= per_minute:
        allows = f", which allows {limit}" if limit is not None else ""
        return Outcome(found=f"no 429 from {response.url}{allows}")
    flaw = Flaw(
        stake="proof",
        loses=loses,
        why=f"{response.url} allows {limit} requests, mostly in a minute, and a deploy sends"
        f" {per_minute:.0f}",
        todo="raise the limit for the deployer, or write into cosmicdeploy.yaml:",
        lines=(_line(key, limit / 60 / 2),),
    )
    return Outcome(flaws=(flaw,))


def _limit(response: Response) -> int | None:
    texts = (response.headers.get(name, "") for name in LIMIT_HEADERS)
    matches = filter(None, map(LIMIT.match, texts))
    return next((int(match[1]) for match in matches), None)


def _line(key: str, rate: float) -> str:
    return f"probe: {{{key}: {max(rate, 0.01):.2g}}}"


CHECK = Check(
    name="rate limit", about="no 429 on the requests and the token of a deploy", run=rate_limit
)
