"""Wait until a container has ended."""

from __future__ import annotations

import requests
from docker import APIClient

from cosmicdeploy.engine.connection import is_silence
from cosmicdeploy.process.signals import interruptible


def wait_for_end(api: APIClient, container_id: str, timeout: float) -> int | None:
    """Return a container's exit code once it has ended; None if it runs longer than `timeout`.

    `timeout` is in seconds. A signal may interrupt the wait. Raises what the SDK raises.
    """
    try:
        with interruptible():
            return int(api.wait(container_id, timeout=round(timeout))["StatusCode"])
    except requests.RequestException as error:
        if not is_silence(error):
            raise
        return None
