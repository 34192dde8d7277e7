"""Wait until a container has ended."""

from __future__ import annotations

from math import ceil

import requests
from docker import APIClient

from cosmicdeploy.engine.connection import is_silence
from cosmicdeploy.process.signals import interruptible


def wait_for_end(api: APIClient, container_id: str, timeout: float) -> int | None:
    """Return a container's exit code once it has ended; None if it runs longer than `timeout`.

    `timeout` is in seconds, more than 0. A signal may interrupt the wait. Raises what the SDK
    raises.
    """
    try:
        with interruptible():
            # Rounded up, since the SDK refuses a limit of 0 seconds.
            return int(api.wait(container_id, timeout=ceil(timeout))["StatusCode"])
    except requests.RequestException as error:
        if not is_silence(error):
            raise
        return None
