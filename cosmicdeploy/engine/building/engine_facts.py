"""Ask an engine for the facts that decide how it builds: version, platform, BuildKit or not."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cosmicdeploy.engine.platforms import platform_parts
from cosmicdeploy.errors import ConfigError

# The API version of Engine 18.09, the first with BuildKit.
_BUILDKIT_SINCE = (1, 39)
VARIABLE = "DOCKER_BUILDKIT"
# The values of the variable that the docker command accepts.
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


@dataclass(frozen=True)
class EngineFacts:
    """What decides how an engine builds an image.

    `version` is the engine's version, for messages. `api_version` is the newest version of the API
    that the engine supports. `system` and `architecture` describe its platform.
    """

    version: str
    api_version: tuple[int, int]
    system: str
    architecture: str
    has_buildkit: bool

    @property
    def platform(self) -> str:
        return f"{self.system}/{self.architecture}"

    def platform_args(self, target: str) -> dict[str, str]:
        """Return the platform arguments that BuildKit sets by itself, such as TARGETARCH.

        A `FROM` may use them. `target` is the platform to build for. A variant is known only if
        `target` names one.
        """
        args = {}
        for side, platform in (("TARGET", target), ("BUILD", self.platform)):
            parts = platform_parts(platform)
            args[f"{side}PLATFORM"] = "/".join(parts)
            names = (f"{side}{part}" for part in ("OS", "ARCH", "VARIANT"))
            args.update(zip(names, parts, strict=False))
        return args


@lru_cache(maxsize=4)
def engine_facts(api: Any) -> EngineFacts:
    """Return the engine's facts; cached for each client. Raises what the SDK raises."""
    about = api.version()
    major, _, minor = about["ApiVersion"].partition(".")
    api_version = (int(major), int(minor))
    preferred = api.get(api._url("/_ping")).headers.get("Builder-Version", "")
    # As in the docker command, an engine for Linux counts as having BuildKit even if it prefers
    # another builder.
    is_new_linux = about["Os"] == "linux" and api_version >= _BUILDKIT_SINCE
    return EngineFacts(
        version=about["Version"],
        api_version=api_version,
        system=about["Os"],
        architecture=about["Arch"],
        has_buildkit=preferred == "2" or is_new_linux,
    )


def is_buildkit_off() -> bool:
    """Return whether the operator turned BuildKit off with `DOCKER_BUILDKIT=0`.

    Raises `ConfigError` if the variable's value is neither true nor false.
    """
    value = os.environ.get(VARIABLE, "")
    if value not in ("", *_TRUE, *_FALSE):
        raise ConfigError(
            f"{VARIABLE}={value} is neither true nor false",
            where="environment",
            todo=f"unset {VARIABLE}, or set it to 0 for the classic builder",
        )
    return value in _FALSE
