"""Requests whose answer must prove something, repeated while a rate limit refuses them.

A 429 does not show whether the application works: the request does not reach it.
"""

from __future__ import annotations

import time
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.events import Notice
from cosmicdeploy.probes.http import LIMITED, Response, ask, ask_with_retries

# Most limits count per minute. A longer Retry-After is not waited for, in seconds.
LONGEST_WAIT = 75.0
# The pause after a 429 without Retry-After, in seconds.
DEFAULT_WAIT = 15.0
TODO_LIMITED = (
    "give the deployer's token a device of its own, lower `probe.rate` and `probe.heartbeat_rate`"
    " to what the application lets one client ask, and run the command again"
)


def ask_until_answered(ctx: Context, url: str, *, token: str = "", json: Any = None) -> Response:
    """As `ask_with_retries`, and again after each 429 once its Retry-After is over.

    Waits up to `LONGEST_WAIT` seconds in all and returns the last answer, which may still be a 429.
    After one wait in vain the run's further requests do not wait. A plan takes the first answer.
    """
    if ctx.run.is_plan_only:
        return ask(url, token=token, json=json)
    began = time.monotonic()
    end = began if ctx.lookup_cache.rate_limit_wait_failed else began + LONGEST_WAIT
    while True:
        answer = ask_with_retries(url, token=token, json=json)
        pause = max(1.0, DEFAULT_WAIT if answer.retry_after is None else answer.retry_after)
        if answer.status != LIMITED:
            return answer
        if time.monotonic() + pause > end:
            ctx.lookup_cache.rate_limit_wait_failed = True
            return answer
        ctx.emit(Notice(text=f"{url} answers 429: asked again in {pause:.0f} s"))
        ctx.sleep(pause)


def why_unproven(answer: Response) -> str:
    """Return why an answer does not show whether the application works; "" where it does."""
    if answer.status == LIMITED:
        pause = answer.retry_after
        wait = f", and asks to wait {pause:.0f} s" if pause is not None else ""
        return f"{answer.url} answers 429, the rate limit's refusal{wait}"
    if answer.turned_away:
        return f"{answer.url} answers 503 with Retry-After: clients are turned away"
    return ""
