"""Return a service's declared platform, and that of its container's image, for comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosmicdeploy.stack.model import Service

Keys = dict[str, str]
# Other names of processor architectures that the engine accepts.
_ALIASES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "i386": "386"}


def declared_platform(service: Service, image: Mapping[str, Any]) -> Keys:
    """Return the declared platform by key; empty if none is declared or the image has none.

    `image` is the engine's inspection of the image.
    """
    if service.platform is None or not image.get("Architecture"):
        return {}
    return {"platform": "/".join(_parts(service.platform))}


def image_platform(service: Service, image: Mapping[str, Any]) -> Keys:
    """Return the image's platform by key, with as many parts as the declared platform has.

    So the image's variant is compared only if the compose file names a variant. Empty in the same
    cases as `declared_platform`.
    """
    if service.platform is None or not image.get("Architecture"):
        return {}
    parts = [image.get("Os", ""), image["Architecture"], image.get("Variant", "")]
    return {"platform": "/".join(filter(None, parts[: len(_parts(service.platform))]))}


def _parts(platform: str) -> list[str]:
    """Split a platform into system, processor and variant.

    If a single word is no known system, it is a processor on Linux.
    """
    words = [_ALIASES.get(word, word) for word in platform.lower().split("/")]
    if len(words) == 1 and words[0] not in ("linux", "windows", "darwin", "freebsd"):
        return ["linux", *words]
    # arm64 has only the variant v8, which the engine does not report.
    return words[:2] if words[1:] == ["arm64", "v8"] else words
