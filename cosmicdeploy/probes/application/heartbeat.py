"""What the answer to a heartbeat of the configured device says of the application."""

from __future__ import annotations

import json
from collections.abc import Set

from cosmicdeploy.settings import Heartbeat
from cosmicdeploy.traffic.response import OK, Response

UNKNOWN_DEVICE = (401, 403)


def is_taken(answer: Response, beat: Heartbeat) -> bool:
    """Whether only a working release can have answered so."""
    return answer.status == OK and beat.answers_with in _keys(answer.body)


def why_not_taken(answer: Response, beat: Heartbeat) -> str:
    """For people, of an answer that is not a good one."""
    if answer.status in UNKNOWN_DEVICE:
        return f"{answer}: the application does not know the token in {beat.token_variable}"
    if answer.status == OK:
        return f"{answer} without {beat.answers_with}: {answer.shown or 'an empty body'}"
    if moved := answer.headers.get("Location"):
        return f"{answer}, leads to {moved}"
    return str(answer)


def what_to_do(answer: Response, beat: Heartbeat) -> str:
    """About an answer that is not a good one."""
    if answer.status in UNKNOWN_DEVICE:
        return f"register a device of its own for {beat.token_variable}, or correct the token there"
    return f"see the application's log; `verify.heartbeat` says what is expected of {beat.path}"


def _keys(body: str) -> Set[str]:
    try:
        data = json.loads(body)
    except ValueError:
        return frozenset()
    return data.keys() if isinstance(data, dict) else frozenset()
