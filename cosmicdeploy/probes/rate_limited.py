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
    "give the deployer a device of its own (`verify.heartbeat.token_variable`), lower `probe.rate`"
    " and `probe.heartbeat_rate` to what the application allows for one client, and run the command"
    " again"
)
TODO_TURNED_AWAY = "end the maintenance of the application, then run the command again"


def send_until_not_rate_limited(
    ctx: Context, url: str, *, host: str = "", token: str = "", json: Any = None
) -> Response:
    """Send a request like `send_with_retries`; repeat it after a 429, once its Retry-After is over.

    Waits up to `MAX_WAIT_SECONDS` in total and returns the last response. If this response is still
    a 429, another wait would most likely end in the same way: until a step changes something, later
    calls do not wait for the rate limit. A plan sends one request, and does not repeat it after an
    error either.
    """
    if ctx.run.is_plan_only:
        return send_request(url, host=host, token=token, json=json)
    began = time.monotonic()
    end = began if ctx.lookup_cache.rate_limit_wait_failed else began + MAX_WAIT_SECONDS
    while True:
        response = send_with_retries(url, host=host, token=token, json=json)
        if response.status != RATE_LIMITED:
            return response
        pause = _pause_after(response)
        if time.monotonic() + pause > end:
            ctx.lookup_cache.rate_limit_wait_failed = True
            return response
        ctx.emit(Notice(text=f"{url} answers 429: next request in {pause:.0f} s"))
        ctx.sleep(pause)


def _pause_after(response: Response) -> float:
    """Return the seconds until the next request, at least one second."""
    if response.retry_after is None:
        return DEFAULT_WAIT_SECONDS
    return max(1.0, response.retry_after)


def why_unproven(response: Response) -> str:
    """Return why a response does not show whether the application works; "" if it shows that."""
    if response.status == RATE_LIMITED:
        pause = response.retry_after
        wait = f" for {pause:.0f} s" if pause is not None else ""
        return f"{response.url} answers 429: the rate limit refuses requests{wait}"
    if response.is_turned_away:
        return f"{response.url} answers 503 with Retry-After: clients are turned away"
    return ""


def todo_unproven(response: Response) -> str:
    """Return what to do about a response for which `why_unproven` gives a reason."""
    return TODO_TURNED_AWAY if response.is_turned_away else TODO_LIMITED
