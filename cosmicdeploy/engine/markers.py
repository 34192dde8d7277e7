"""Markers: containers that never start, used as locks.

An engine gives a container's name to one creator only, atomically, so the creator holds what the
name stands for. A container's labels never change, but its maximum number of restarts can. It has
no meaning for a container that never starts, so the holder's beats are counted there. A file in the
container would do as well, but the engine needs 60 ms of CPU time to write one.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from docker import APIClient
from docker.errors import APIError, ImageNotFound, NotFound

from cosmicdeploy.engine.containers.removal import remove
from cosmicdeploy.engine.facts import Marker

# An empty image: even a container that never starts needs one.
IMAGE = "cosmicdeploy/marker"
ON_FAILURE: Final = "on-failure"


def claim(api: APIClient, name: str, labels: Mapping[str, str]) -> Marker:
    """Create the marker, or return the existing one."""
    _ensure_image(api)
    body = {"Image": IMAGE, "Cmd": ["marker"], "Labels": dict(labels)}
    while True:
        try:
            created = api.create_container_from_config(body, name)
        except APIError as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise
        else:
            return Marker(id=created["Id"], labels=labels, is_own=True)
        if existing := find(api, name):
            return existing
        # It was released between the two calls.


def find(api: APIClient, name: str) -> Marker | None:
    """Return the marker of this name; None if there is none."""
    try:
        inspected = api.inspect_container(name)
    except NotFound:
        return None
    return Marker(id=inspected["Id"], labels=inspected["Config"]["Labels"] or {}, is_own=False)


def exists(api: APIClient, marker_id: str) -> bool:
    """Return whether the marker exists.

    Uses the list of containers: an inspection would wait for a beat that is under way.
    """
    return bool(api.containers(all=True, filters={"id": marker_id}))


def release(api: APIClient, marker_id: str) -> None:
    """Remove a marker; it no longer exists on return."""
    remove(api, marker_id, volumes=True)


def beat(api: APIClient, marker_id: str, count: int) -> bool:
    """Store a number in the marker; return whether the marker exists."""
    try:
        api.update_container(
            marker_id, restart_policy={"Name": ON_FAILURE, "MaximumRetryCount": count}
        )
    except NotFound:
        return False
    return True


def last_beat(api: APIClient, marker_id: str) -> int | None:
    """Return the last stored number; None without a marker or a number."""
    try:
        policy = api.inspect_container(marker_id)["HostConfig"]["RestartPolicy"]
    except NotFound:
        return None
    return int(policy["MaximumRetryCount"]) if policy["Name"] == ON_FAILURE else None


def _ensure_image(api: APIClient) -> None:
    try:
        api.inspect_image(IMAGE)
    except ImageNotFound:
        empty = io.BytesIO()
        tarfile.open(fileobj=empty, mode="w").close()
        api.import_image_from_data(empty.getvalue(), repository=IMAGE)
