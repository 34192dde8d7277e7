"""Compare platforms such as `linux/arm/v7`: system, processor, and for some a variant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Other names of processor architectures that the engine accepts.
_ALIASES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "i386": "386"}


def platform_parts(platform: str) -> list[str]:
    """Split a platform into system, processor and variant, as far as it names them.

    A single word that is no known system is a processor on Linux. Other names of a processor become
    the engine's name.
    """
    words = [_ALIASES.get(word, word) for word in platform.lower().split("/")]
    if len(words) == 1 and words[0] not in ("linux", "windows", "darwin", "freebsd"):
        return ["linux", *words]
    # arm64 without a variant means v8, and the engine often leaves this variant out.
    return words[:2] if words[1:] == ["arm64", "v8"] else words


def is_same(platform: str, other: str) -> bool:
    """Return whether two names mean one platform, such as `amd64` and `linux/x86_64`."""
    return platform_parts(platform) == platform_parts(other)


def image_platform_parts(image: Mapping[str, Any], platform: str) -> list[str]:
    """Return the parts of an image's platform, at most as many as `platform` has.

    So a variant is compared only if `platform` names one. `image` is the engine's inspection.
    """
    parts = [image.get("Os", ""), image.get("Architecture", ""), image.get("Variant", "")]
    return [part for part in parts[: len(platform_parts(platform))] if part]


def is_for(image: Mapping[str, Any], platform: str) -> bool:
    """Return whether an image is for a platform; also true for an image that names no processor.

    An imported image may name no processor.
    """
    is_unknown = not image.get("Architecture")
    return is_unknown or image_platform_parts(image, platform) == platform_parts(platform)
