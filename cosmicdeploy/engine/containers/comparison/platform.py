"""Return a service's declared platform, and its image's platform, for comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosmicdeploy.engine.platforms import image_platform_parts, platform_parts
from cosmicdeploy.stack.model import Service

Keys = dict[str, str]


def declared_platform(service: Service, image: Mapping[str, Any]) -> Keys:
    """Return the declared platform by key; empty if none is declared or the image has none.

    `image` is the engine's inspection of the image.
    """
    if service.platform is None or not image.get("Architecture"):
        return {}
    return {"platform": "/".join(platform_parts(service.platform))}


def image_platform(service: Service, image: Mapping[str, Any]) -> Keys:
    """Return the image's platform by key, with as many parts as the declared platform has.

    So the image's variant is compared only if the compose file names a variant. The result is empty
    in the same cases as that of `declared_platform`.
    """
    if service.platform is None or not image.get("Architecture"):
        return {}
    return {"platform": "/".join(image_platform_parts(image, service.platform))}
