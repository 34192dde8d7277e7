"""Judge the response to a heartbeat of the configured device (`verify.heartbeat`).

Nothing is sent here: `replica.py` and the verification send the heartbeats.
"""

from __future__ import annotations

import json
from collections.abc import Set

from cosmicdeploy.settings import Heartbeat
from cosmicdeploy.traffic.response import OK, Response

# The statuses that mean that the application does not know the device's token.
UNKNOWN_DEVICE = (401, 403)


def is_accepted(response: Response, heartbeat: Heartbeat) -> bool:
    """Return whether the response is a 200 with the key that only a working release sends."""
    return response.status == OK and heartbeat.answers_with in _keys(response.body)


def why_rejected(response: Response, heartbeat: Heartbeat) -> str:
    """Describe a response that does not accept the heartbeat."""
    if response.status in UNKNOWN_DEVICE:
        return f"{response}: the application does not know the token in {heartbeat.token_variable}"
    if response.status == OK:
        return f"{response} without {heartbeat.answers_with}: {response.excerpt or 'an empty body'}"
    if location := response.headers.get("Location"):
        return f"{response}, redirects to {location}"
    return str(response)


def todo_of(response: Response, heartbeat: Heartbeat) -> str:
    """Return what the operator can do about a response that does not accept the heartbeat."""
    if response.status in UNKNOWN_DEVICE:
        variable = heartbeat.token_variable
        return f"set {variable} to the token of a registered device that only the deployer uses"
    return (
        f"see `cosmicdeploy logs app --tail 100`; `verify.heartbeat` in cosmicdeploy.yaml says what"
        f" {heartbeat.path} has to answer"
    )


def _keys(body: str) -> Set[str]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return frozenset()
    return data.keys() if isinstance(data, dict) else frozenset()
