"""Which release an image or a container is.

An image that is built has its release in an environment variable; one that is pulled often has not,
so there it is the tag. A rollback lets a tag name an older image: the label of the container says
which release it was created as.
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
    container: Container, image: Image | None, service: Service | None, variable: str
) -> str:
    """Return the release that a container of this service runs; "" if it is unknown."""
    known = release_of(image, variable) or container.labels.get(labels.RELEASE, "")
    if known or service is None or service.build is not None:
        return known
    return _plausible(container.image_name)


def declared_release(
    service: Service, image: Image | None, variables: Mapping[str, str], variable: str
) -> str:
    """Return the release of the image that a service declares; "" if it is unknown.

    For an image that is pulled and does not say, that is the value of the variable in the env file,
    else the tag.
    """
    known = release_of(image, variable)
    if known or service.build is not None:
        return known
    return variables.get(variable) or _plausible(service.image)


def _plausible(name: str) -> str:
    """Return the tag of a name; "" of an id, which a container may have instead of a name."""
    return "" if name.startswith("sha256:") else tag_of(name)
