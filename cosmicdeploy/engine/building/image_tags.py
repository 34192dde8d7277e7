"""Images and their tags."""

from __future__ import annotations

from http import HTTPStatus

from docker import APIClient
from docker.errors import APIError, ImageNotFound
from docker.utils import parse_repository_tag

from cosmicdeploy.engine import parsing
from cosmicdeploy.engine.facts import Image


def find(api: APIClient, reference: str) -> Image | None:
    """A local image by id or tag."""
    try:
        return parsing.parse_image(api.inspect_image(reference))
    except ImageNotFound:
        return None


def tag(api: APIClient, image_id: str, reference: str) -> None:
    """Let a tag name this image."""
    repository, name = parse_repository_tag(reference)
    api.tag(image_id, repository, name or "latest", force=True)


def untag(api: APIClient, reference: str) -> None:
    """Remove a tag; one already gone is fine."""
    try:
        api.remove_image(reference)
    except ImageNotFound:
        return


def discard(api: APIClient, image_id: str) -> None:
    """Remove an image that neither a tag names nor a container uses; else leave it."""
    found = find(api, image_id)
    if found is None or found.tags:
        return
    try:
        api.remove_image(image_id)
    except APIError as error:
        if error.status_code != HTTPStatus.CONFLICT:
            raise
