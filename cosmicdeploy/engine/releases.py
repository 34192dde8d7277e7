"""Which release an image or a container is.

An image that is built has its release in an environment variable. One that is pulled often has not:
there it is in the tag, if the release variable is. A rollback lets a tag name an older image, so a
label of the container says which release it was created as.
"""

from __future__ import annotations

from collections.abc import Mapping

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.facts import Container, Image
from cosmicdeploy.engine.registry.names import tag_of
from cosmicdeploy.stack.model import Service


def release_of(image: Image | None, variable: str) -> str:
    """Return the release in this environment variable of an image; "" if it has none."""
    return image.environment.get(variable, "") if image else ""


def release_of_container(
    container: Container,
    image: Image | None,
    service: Service | None,
    variables: Mapping[str, str],
    variable: str,
) -> str:
    """Return the release that a container of this service runs; "" if it is unknown."""
    known = release_of(image, variable) or container.labels.get(labels.RELEASE, "")
    if known or service is None or service.build is not None:
        return known
    return _release_in(container.image_name, service.image, variables.get(variable, ""))


def declared_release(
    service: Service, image: Image | None, variables: Mapping[str, str], variable: str
) -> str:
    """Return the release of the image that a service declares; "" if it is unknown."""
    known = release_of(image, variable)
    if known or service.build is not None:
        return known
    return _release_in(service.image, service.image, variables.get(variable, ""))


def _release_in(name: str, declared: str, value: str) -> str:
    """Return the release in the tag of `name`, given the `value` that `declared` has for it.

    "v3-prod" declares "3", so "v2-prod" is "2". A tag without the value, such as "stable", names no
    release.
    """
    before, is_in, after = tag_of(declared).partition(value) if value else ("", "", "")
    tag = tag_of(name)
    is_alike = tag.startswith(before) and tag.endswith(after)
    return tag[len(before) : len(tag) - len(after)] if is_in and is_alike else ""
