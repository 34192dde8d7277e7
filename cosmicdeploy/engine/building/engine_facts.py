"""What an engine can build: with BuildKit or not, for which platform, with which frontend."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cosmicdeploy.errors import ConfigError

# BuildKit came with Engine 18.09.
_BUILDKIT_SINCE = (1, 39)
VARIABLE = "DOCKER_BUILDKIT"
# As the docker command reads it.
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


@dataclass(frozen=True)
class EngineFacts:
    """`api_version` is the newest that the engine speaks; `version` is for messages."""

    version: str
    api_version: tuple[int, int]
    system: str
    architecture: str
    has_buildkit: bool

    @property
    def platform(self) -> str:
        return f"{self.system}/{self.architecture}"

    @property
    def platform_args(self) -> dict[str, str]:
        """The build arguments that BuildKit sets by itself, as far as a `FROM` may use them."""
        sides = ("TARGET", "BUILD")
        return {
            **{f"{side}PLATFORM": self.platform for side in sides},
            **{f"{side}OS": self.system for side in sides},
            **{f"{side}ARCH": self.architecture for side in sides},
        }


@lru_cache(maxsize=4)
def engine_facts(api: Any) -> EngineFacts:
    """Ask the engine; each client asks once."""
    about = api.version()
    major, _, minor = about["ApiVersion"].partition(".")
    api_version = (int(major), int(minor))
    preferred = api.get(api._url("/_ping")).headers.get("Builder-Version", "")
    # As the docker command decides: an engine for Linux has BuildKit whatever it prefers.
    is_new_linux = about["Os"] == "linux" and api_version >= _BUILDKIT_SINCE
    return EngineFacts(
        version=about["Version"],
        api_version=api_version,
        system=about["Os"],
        architecture=about["Arch"],
        has_buildkit=preferred == "2" or is_new_linux,
    )


def is_buildkit_off() -> bool:
    """Whether the operator turned BuildKit off, with `DOCKER_BUILDKIT=0`.

    Raises `ConfigError` if the variable is neither true nor false.
    """
    value = os.environ.get(VARIABLE, "")
    if value not in ("", *_TRUE, *_FALSE):
        raise ConfigError(
            f"{VARIABLE}={value} is neither true nor false",
            where="environment",
            todo=f"unset {VARIABLE}; 0 selects the classic builder, which ignores much",
        )
    return value in _FALSE
