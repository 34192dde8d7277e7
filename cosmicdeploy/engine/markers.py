"""Markers: containers that never start.

A container's name is the one thing that an engine hands out atomically, so whoever creates it has
what it stands for.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping

from docker import APIClient
from docker.errors import APIError, ImageNotFound, NotFound

from cosmicdeploy.engine.model import Marker

CONFLICT = 409
# An empty image of our own: even a container that never starts needs one.
IMAGE = "cosmicdeploy/marker"


def claim(api: APIClient, name: str, labels: Mapping[str, str]) -> Marker:
    """Create the marker, or find whose it is."""
    _ensure_image(api)
    body = {"Image": IMAGE, "Cmd": ["marker"], "Labels": dict(labels)}
    while True:
        try:
            made = api.create_container_from_config(body, name)
        except APIError as error:
            if error.status_code != CONFLICT:
                raise
        else:
            return Marker(id=made["Id"], labels=labels, ours=True)
        try:
            found = api.inspect_container(name)
        except NotFound:
            continue  # gone between the two calls: whoever had it is done
        return Marker(id=found["Id"], labels=found["Config"]["Labels"] or {}, ours=False)


def _ensure_image(api: APIClient) -> None:
    try:
        api.inspect_image(IMAGE)
    except ImageNotFound:
        empty = io.BytesIO()
        tarfile.open(fileobj=empty, mode="w").close()
        api.import_image_from_data(empty.getvalue(), repository=IMAGE)
