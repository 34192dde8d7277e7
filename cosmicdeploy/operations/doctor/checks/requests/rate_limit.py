"""Check that no rate limit refuses the requests with which a deploy proves its release."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.operations.doctor.combining import attempted
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome, Stake, Unchecked, flaw_of
from cosmicdeploy.probes.application.heartbeat import (
    UNKNOWN_DEVICE,
    is_accepted,
    todo_of,
    why_rejected,
)
from cosmicdeploy.probes.http import RATE_LIMITED, Response, send_request
from cosmicdeploy.probes.rate_limited import TODO_LIMITED, why_unproven
from cosmicdeploy.probes.urls import front_at, front_of
from cosmicdeploy.settings import Heartbeat

NO_TOKEN = "it would be refused"  # noqa: S105 - a message
LIMIT_HEADERS = ("X-RateLimit-Limit", "RateLimit-Limit")
LIMIT = re.compile(r"\s*(\d{1,9})\b")
# A deploy sends one heartbeat to each replica and this many more, in addition to those of
# `probe.heartbeat_rate`.
OTHER_HEARTBEATS = 3


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """Requests that a deploy sends: how many in a second, and how many `others` in a minute.

    `key` is the key of `probe` that sets the rate. `refused` is what the deploy loses if all of the
    requests are refused, `limited` what it loses if some are.
    """

    key: str
    per_second: float
    refused: tuple[Stake, str]
    limited: tuple[Stake, str]
    others: int = 0

    @property
    def per_minute(self) -> float:
        return 60 * self.per_second + self.others


def rate_limit(ctx: Context) -> Outcome:
    """Send one request and one heartbeat as a deploy does, and compare the limits with its rates.

    The application stores the heartbeat, for the device that only the deployer uses.
    """
    return attempted(partial(_requests, ctx), partial(_heartbeat, ctx))


def _requests(ctx: Context) -> Outcome:
    """Send one of the requests of which a deploy sends `probe.rate` in a second."""
    rate, application = ctx.settings.probe.rate, ctx.settings.main_application
    front = front_of(ctx, application) if rate else None
    if front is None:
        return Outcome(found="a deploy sends no requests")
    response = send_request(front.url, host=front.host)
    if response.is_failure:
        why = f"{response}: the limit of requests is unknown"
        return Outcome(unchecked=(Unchecked(why=why, todo="see `cosmicdeploy verify`"),))
    sent = _Sent(
        key="rate",
        per_second=rate / len(ctx.settings.all_applications),  # which get requests in turn
        refused=("proof", "requests that are refused prove nothing"),
        limited=("proof", "requests that are refused prove nothing"),
    )
    return _judged(response, sent)


def _heartbeat(ctx: Context) -> Outcome:
    """Send one heartbeat with the token of `verify.heartbeat`."""
    configured = ctx.settings.verify.heartbeat
    if configured is None:
        return Outcome()
    try:
        token = ctx.loaded.secret(configured.token_variable)
    except ConfigError as error:
        return Outcome(flaws=(flaw_of(error, "deploy", NO_TOKEN),))
    front = front_at(ctx, configured.path)
    response = send_request(front.url, host=front.host, token=token, json=configured.body)
    if response.status != RATE_LIMITED and not is_accepted(response, configured):
        return _not_accepted(response, configured)
    sent = _Sent(
        key="heartbeat_rate",
        per_second=ctx.settings.probe.heartbeat_rate,
        others=len(ctx.settings.main_application.services) + OTHER_HEARTBEATS,
        refused=("deploy", "it is undone if all of its heartbeats are refused"),
        limited=("time", "a deploy waits until heartbeats are accepted again"),
    )
    return _judged(response, sent)


def _not_accepted(response: Response, configured: Heartbeat) -> Outcome:
    why, todo = why_rejected(response, configured), todo_of(response, configured)
    if response.error or why_unproven(response):
        return Outcome(unchecked=(Unchecked(why=why, todo=todo),))
    unknown = "it is undone, since no replica knows the token"
    wrong = "it is undone, since its heartbeats are not accepted"
    loses = unknown if response.status in UNKNOWN_DEVICE else wrong
    return Outcome(flaws=(Flaw(stake="deploy", loses=loses, why=why, todo=todo),))


def _judged(response: Response, sent: _Sent) -> Outcome:
    """Judge a response that is a 429, or names a limit, or neither.

    The proposed rate is half of what is allowed, since other clients may share the limit.
    """
    limit = _limit(response)
    if response.status == RATE_LIMITED:
        why = f"{why_unproven(response)}; a deploy sends {sent.per_second:g} a second"
        return _flawed(sent.refused, why, TODO_LIMITED, _line(sent.key, sent.per_second / 2))
    if limit is None or limit >= sent.per_minute:
        allows = f", which allows {limit}" if limit is not None else ""
        return Outcome(found=f"no 429 from {response.url}{allows}")
    why = (
        f"{response.url} allows {limit} requests, usually per minute, and a deploy sends"
        f" {sent.per_minute:.0f} per minute"
    )
    todo = "raise the limit for the deployer, or write into cosmicdeploy.yaml:"
    return _flawed(sent.limited, why, todo, _line(sent.key, limit / 60 / 2))


def _flawed(lost: tuple[Stake, str], why: str, todo: str, line: str) -> Outcome:
    stake, loses = lost
    return Outcome(flaws=(Flaw(stake=stake, loses=loses, why=why, todo=todo, lines=(line,)),))


def _limit(response: Response) -> int | None:
    """Return the limit that the response's headers name; None if they name none."""
    texts = (response.headers.get(name, "") for name in LIMIT_HEADERS)
    matches = filter(None, map(LIMIT.match, texts))
    return next((int(match[1]) for match in matches), None)


def _line(key: str, rate: float) -> str:
    return f"probe: {{{key}: {max(rate, 0.01):.2g}}}"


CHECK = Check(
    name="rate limit", about="no 429 on the requests and the token of a deploy", run=rate_limit
)
