"""What the answer to a heartbeat of the configured device (`verify.heartbeat`) shows.

Nothing is sent here: `replica` and the verification send the heartbeats.
"""

from __future__ import annotations

import json
from collections.abc import Set

from cosmicdeploy.settings import Heartbeat
from cosmicdeploy.traffic.response import OK, Response

# Statuses with which the application says that it does not know the device's token.
UNKNOWN_DEVICE = (401, 403)


def is_accepted(answer: Response, heartbeat: Heartbeat) -> bool:
    """Whether the answer is one that only a working release gives: 200 with the expected key."""
    return answer.status == OK and heartbeat.answers_with in _keys(answer.body)


def why_rejected(answer: Response, heartbeat: Heartbeat) -> str:
    """Describe, for the operator, an answer that does not accept the heartbeat."""
    if answer.status in UNKNOWN_DEVICE:
        return f"{answer}: the application does not know the token in {heartbeat.token_variable}"
    if answer.status == OK:
        return f"{answer} without {heartbeat.answers_with}: {answer.shown or 'an empty body'}"
    if location := answer.headers.get("Location"):
        return f"{answer}, leads to {location}"
    return str(answer)


def todo_of(answer: Response, heartbeat: Heartbeat) -> str:
    """Return what the operator can do about an answer that does not accept the heartbeat."""
    if answer.status in UNKNOWN_DEVICE:
        variable = heartbeat.token_variable
        return f"register a device of its own for {variable}, or correct the token there"
    return f"see the application's log; `verify.heartbeat` says what {heartbeat.path} has to answer"


def _keys(body: str) -> Set[str]:
    try:
        data = json.loads(body)
    except ValueError:
        return frozenset()
    return data.keys() if isinstance(data, dict) else frozenset()
