"""Markers: containers that never start.

A container's name is the one thing that an engine hands out atomically, so whoever creates it has
what it stands for. Its labels never change. How often it would be started again can, which means
nothing to what never starts: that is where its holder beats. A file in it would do as well, but the
engine takes 60 ms of computing time to write one.
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

# An empty image of our own: even a container that never starts needs one.
IMAGE = "cosmicdeploy/marker"
ON_FAILURE: Final = "on-failure"


def claim(api: APIClient, name: str, labels: Mapping[str, str]) -> Marker:
    """Create the marker, or find whose it is."""
    _ensure_image(api)
    body = {"Image": IMAGE, "Cmd": ["marker"], "Labels": dict(labels)}
    while True:
        try:
            made = api.create_container_from_config(body, name)
        except APIError as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise
        else:
            return Marker(id=made["Id"], labels=labels, ours=True)
        if found := find(api, name):
            return found
        # Gone between the two calls: whoever had it is done.


def find(api: APIClient, name: str) -> Marker | None:
    """Whose marker this is; none where nobody has it."""
    try:
        found = api.inspect_container(name)
    except NotFound:
        return None
    return Marker(id=found["Id"], labels=found["Config"]["Labels"] or {}, ours=False)


def is_there(api: APIClient, marker_id: str) -> bool:
    """Whether this marker is there. Asked for as a list: to inspect a container the engine waits
    until a beat of it is done."""
    return bool(api.containers(all=True, filters={"id": marker_id}))


def release(api: APIClient, marker_id: str) -> None:
    """Remove a marker; it is gone when this returns."""
    remove(api, marker_id, volumes=True)


def beat(api: APIClient, marker_id: str, count: int) -> bool:
    """Put a number into the marker; whether the marker is there."""
    try:
        api.update_container(
            marker_id, restart_policy={"Name": ON_FAILURE, "MaximumRetryCount": count}
        )
    except NotFound:
        return False
    return True


def last_beat(api: APIClient, marker_id: str) -> int | None:
    """The number that was put last; none where there is no marker or no number yet."""
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
