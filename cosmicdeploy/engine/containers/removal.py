"""Removing a container that somebody else may be removing at the same time."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus

from docker import APIClient
from docker.errors import APIError, NotFound

REMOVAL_SECONDS = 10


def remove(api: APIClient, container_id: str, *, volumes: bool) -> None:
    """Remove a container, with its anonymous volumes or without; it is gone when this returns,
    whoever else removes it. Raises what the SDK does."""
    try:
        api.remove_container(container_id, force=True, v=volumes)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != HTTPStatus.CONFLICT:
            raise
        _wait_removed(api, container_id)


def _wait_removed(api: APIClient, container_id: str) -> None:
    with suppress(NotFound):
        api.wait(container_id, timeout=REMOVAL_SECONDS, condition="removed")
