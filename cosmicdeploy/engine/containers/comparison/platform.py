"""Compare a service's platform with that of its container's image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosmicdeploy.stack.model import Service

Keys = dict[str, str]
# Other names of processors, as the engine takes them.
_ALIASES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "i386": "386"}


def declared_platform(service: Service, image: Mapping[str, Any]) -> Keys:
    """Return the declared platform; a variant counts only if the file names one."""
    if service.platform is None or not image.get("Architecture"):
        return {}
    return {"platform": "/".join(_parts(service.platform))}


def image_platform(service: Service, image: Mapping[str, Any]) -> Keys:
    """Return the image's platform, in as many parts as the declared one."""
    if service.platform is None or not image.get("Architecture"):
        return {}
    parts = [image.get("Os", ""), image["Architecture"], image.get("Variant", "")]
    return {"platform": "/".join(filter(None, parts[: len(_parts(service.platform))]))}


def _parts(platform: str) -> list[str]:
    """Return system, processor and variant; a single word is either of the first two."""
    words = [_ALIASES.get(word, word) for word in platform.lower().split("/")]
    if len(words) == 1 and words[0] not in ("linux", "windows", "darwin", "freebsd"):
        return ["linux", *words]
    # arm64 has the single variant v8, which the engine leaves out.
    return words[:2] if words[1:] == ["arm64", "v8"] else words
