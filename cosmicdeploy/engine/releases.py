"""Determine the release of an image or a container.

The release is the value of an environment variable, the release variable. A built image sets this
variable. If several releases share an image, the compose file sets the variable for the container.
A pulled image often lacks the variable. In that case the release is the part of the image's tag for
which the compose file uses the variable: `image: "shop/app:${RELEASE}"`. After a rollback the tag
of a newer release may name an older image. So the container that the rollback creates has its
release in a label.
"""

from __future__ import annotations

from collections.abc import Mapping

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.facts import Container, Image
from cosmicdeploy.engine.registry.names import tag_of
from cosmicdeploy.stack.model import Service


def release_of(image: Image | None, variable: str) -> str:
    """Return the value of the release variable in an image's environment; "" if it has none."""
    return image.environment.get(variable, "") if image else ""


def release_of_container(
    container: Container,
    image: Image | None,
    service: Service | None,
    variables: Mapping[str, str],
    variable: str,
) -> str:
    """Return the release that a container of this service runs; "" if unknown.

    `image` is the container's image. `variable` is the name of the release variable, and
    `variables` are the values with which the compose file was read.
    """
    known = (
        container.environment.get(variable)
        or release_of(image, variable)
        or container.labels.get(labels.RELEASE, "")
    )
    if known or service is None or service.build is not None:
        return known
    return _release_in(container.image_name, service.image, variables.get(variable, ""))


def declared_release(
    service: Service, image: Image | None, variables: Mapping[str, str], variable: str
) -> str:
    """Return the release that a service declares; "" if unknown.

    `image` is the declared image, if the engine has it. The variables are as in
    `release_of_container`.
    """
    known = service.environment.get(variable) or release_of(image, variable)
    if known or service.build is not None:
        return known
    return _release_in(service.image, service.image, variables.get(variable, ""))


def _release_in(name: str, declared: str, value: str) -> str:
    """Return the release in the tag of the image `name`; "" if the tag names none.

    `declared` is the image in the compose file, and `value` the value of the release variable. If
    the declared tag is "v3-prod" and the value is "3", the tag "v2-prod" names the release "2". If
    the declared tag does not contain the value, as with "stable", no tag names a release.
    """
    prefix, value_in_tag, suffix = tag_of(declared).partition(value) if value else ("", "", "")
    tag = tag_of(name)
    is_alike = tag.startswith(prefix) and tag.endswith(suffix)
    return tag[len(prefix) : len(tag) - len(suffix)] if value_in_tag and is_alike else ""
