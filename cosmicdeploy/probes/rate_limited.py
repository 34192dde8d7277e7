"""Requests that are repeated while a rate limit refuses them.

A 429 does not show whether the application works, so a check waits for a response that shows it.
"""

from __future__ import annotations

import time
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.events import Notice
from cosmicdeploy.probes.http import RATE_LIMITED, Response, send_request, send_with_retries

# The longest time that requests wait for the rate limit; most limits count per minute.
MAX_WAIT_SECONDS = 75.0
# The pause after a 429 without Retry-After.
DEFAULT_WAIT_SECONDS = 15.0
TODO_LIMITED = (
    "give the deployer a device of its own, lower `probe.rate` and `probe.heartbeat_rate` to what"
    " the application allows for one client, and run the command again"
)


def send_until_not_rate_limited(
    ctx: Context, url: str, *, token: str = "", json: Any = None
) -> Response:
    """Send a request like `send_with_retries`; repeat it after a 429, once its Retry-After is over.

    Waits up to `MAX_WAIT_SECONDS` in total and returns the last response. If that is still a 429,
    later calls do not wait for the rate limit. Calls wait again after the next change that a step
    makes. A plan never waits or repeats a request.
    """
    if ctx.run.is_plan_only:
        return send_request(url, token=token, json=json)
    began = time.monotonic()
    end = began if ctx.lookup_cache.rate_limit_wait_failed else began + MAX_WAIT_SECONDS
    while True:
        response = send_with_retries(url, token=token, json=json)
        pause = max(
            1.0, DEFAULT_WAIT_SECONDS if response.retry_after is None else response.retry_after
        )
        if response.status != RATE_LIMITED:
            return response
        if time.monotonic() + pause > end:
            ctx.lookup_cache.rate_limit_wait_failed = True
            return response
        ctx.emit(Notice(text=f"{url} answers 429: next request in {pause:.0f} s"))
        ctx.sleep(pause)


def why_unproven(response: Response) -> str:
    """Return why a response does not show whether the application works; "" if it does."""
    if response.status == RATE_LIMITED:
        pause = response.retry_after
        wait = f" for {pause:.0f} s" if pause is not None else ""
        return f"{response.url} answers 429: the rate limit refuses requests{wait}"
    if response.is_turned_away:
        return f"{response.url} answers 503 with Retry-After: clients are turned away"
    return ""
