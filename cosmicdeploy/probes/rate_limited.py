"""A request whose answer has to prove something, asked again where a rate limit refuses it.

Whether the application works is not to be seen from a 429: it is not asked then.
"""

from __future__ import annotations

import time
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.events import Notice
from cosmicdeploy.probes.http import LIMITED, Response, ask, ask_again

# Most limits are of a minute; what tells a longer time is not waited for, in seconds.
LONGEST_WAIT = 75.0
# Where the answer does not say when to ask again.
UNTOLD_WAIT = 15.0
WAITED_IN_VAIN = "a rate limit was waited for in vain"
TODO_LIMITED = (
    "give the deployer's token a device of its own, lower `probe.rate` and `probe.heartbeat_rate`"
    " to what the application lets one client ask, and run the command again"
)


def ask_until_answered(ctx: Context, url: str, *, token: str = "", json: Any = None) -> Response:
    """As `ask_again`; after a 429 once more when its Retry-After is over, for `LONGEST_WAIT` in
    all. The last answer, which may be a 429 still: the next request does not wait in vain again.
    A plan takes the first answer."""
    if ctx.only_plan:
        return ask(url, token=token, json=json)
    began = time.monotonic()
    end = began if WAITED_IN_VAIN in ctx.asked else began + LONGEST_WAIT
    while True:
        answer = ask_again(url, token=token, json=json)
        pause = max(1.0, UNTOLD_WAIT if answer.retry_after is None else answer.retry_after)
        if answer.status != LIMITED:
            return answer
        if time.monotonic() + pause > end:
            ctx.asked[WAITED_IN_VAIN] = True
            return answer
        ctx.emit(Notice(text=f"{url} answers 429: asked again in {pause:.0f} s"))
        ctx.sleep(pause)


def why_unproven(answer: Response) -> str:
    """Why an answer shows neither that the application works nor that it does not; "" where it
    shows one of the two."""
    if answer.status == LIMITED:
        again = answer.retry_after
        told = f", and asks to wait {again:.0f} s" if again is not None else ""
        return f"{answer.url} answers 429, the rate limit's refusal{told}"
    if answer.turned_away:
        return f"{answer.url} answers 503 with Retry-After: clients are turned away"
    return ""
