"""Remove a container that another client may be removing at the same time."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus

from docker import APIClient
from docker.errors import APIError, NotFound

from cosmicdeploy.process.signals import interruptible

REMOVAL_SECONDS = 10


def remove(api: APIClient, container_id: str, *, volumes: bool) -> None:
    """Remove a container, if it exists; with `volumes` also its anonymous volumes.

    If another client is already removing the container, waits until the container is gone. Raises
    what the SDK raises, also if that wait exceeds `REMOVAL_SECONDS`.
    """
    try:
        api.remove_container(container_id, force=True, v=volumes)
    except NotFound:
        return
    except APIError as error:
        # The engine reports a conflict if another client is removing the container.
        if error.status_code != HTTPStatus.CONFLICT:
            raise
        _wait_removed(api, container_id)


def _wait_removed(api: APIClient, container_id: str) -> None:
    with suppress(NotFound), interruptible():
        api.wait(container_id, timeout=REMOVAL_SECONDS, condition="removed")
