"""Markers: containers that never start, used as locks.

The engine lets only one client create a container of a given name; that client holds the lock. As a
heartbeat, the holder stores a rising number in the container's maximum number of restarts. That
setting can change, unlike a label, and has no effect on a container that never starts. Writing a
file into the container instead would cost the engine 60 ms of CPU time.

The functions raise what the SDK raises.
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

# An empty image, since even a container that never starts needs an image.
IMAGE = "cosmicdeploy/marker"
ON_FAILURE: Final = "on-failure"


def claim(api: APIClient, name: str, labels: Mapping[str, str]) -> Marker:
    """Create the marker of this name, or return the existing one; `is_own` says which."""
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
        # The marker was removed between the two calls: try again.


def find(api: APIClient, name: str) -> Marker | None:
    """Return the marker of this name; None if it does not exist."""
    try:
        inspected = api.inspect_container(name)
    except NotFound:
        return None
    return Marker(id=inspected["Id"], labels=inspected["Config"]["Labels"] or {}, is_own=False)


def exists(api: APIClient, marker_id: str) -> bool:
    """Return whether the marker exists.

    Looks in the list of containers, since an inspection waits for a heartbeat in progress.
    """
    return bool(api.containers(all=True, filters={"id": marker_id}))


def remove_marker(api: APIClient, marker_id: str) -> None:
    """Remove a marker, if it still exists."""
    remove(api, marker_id, volumes=False)  # its image declares no volumes


def beat(api: APIClient, marker_id: str, count: int) -> bool:
    """Store `count` in the marker as a heartbeat; return whether the marker exists."""
    try:
        api.update_container(
            marker_id, restart_policy={"Name": ON_FAILURE, "MaximumRetryCount": count}
        )
    except NotFound:
        return False
    return True


def last_beat(api: APIClient, marker_id: str) -> int | None:
    """Return the last heartbeat's number.

    Returns None if the marker does not exist, or before its first heartbeat.
    """
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
