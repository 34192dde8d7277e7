"""Find, tag, untag and remove images."""

from __future__ import annotations

from http import HTTPStatus

from docker import APIClient
from docker.errors import APIError, ImageNotFound
from docker.utils import parse_repository_tag

from cosmicdeploy.engine import parsing
from cosmicdeploy.engine.facts import Image


def find(api: APIClient, reference: str) -> Image | None:
    """Return a local image by id or tag; None if the engine does not have the image."""
    try:
        return parsing.parse_image(api.inspect_image(reference))
    except ImageNotFound:
        return None


def history(api: APIClient, reference: str) -> list[str]:
    """Return the instructions that made an image, newest first; none if the image is missing."""
    try:
        return [str(layer.get("CreatedBy") or "") for layer in api.history(reference)]
    except ImageNotFound:
        return []


def tag(api: APIClient, image_id: str, reference: str) -> None:
    """Give an image a tag; another image that has this tag loses it."""
    repository, name = parse_repository_tag(reference)
    api.tag(image_id, repository, name or "latest", force=True)


def untag(api: APIClient, reference: str) -> None:
    """Remove a tag, if it exists; with its last tag, the engine removes the image itself.

    Raises what the SDK raises, also for the last tag of an image that a container uses.
    """
    try:
        api.remove_image(reference)
    except ImageNotFound:
        return


def remove_unused_image(api: APIClient, image_id: str) -> None:
    """Remove an image, if it exists, has no tag and is used by no container."""
    image = find(api, image_id)
    if image is None or image.tags:
        return
    try:
        api.remove_image(image_id)
    except APIError as error:
        # The engine reports a conflict if a container uses the image.
        if error.status_code != HTTPStatus.CONFLICT:
            raise
