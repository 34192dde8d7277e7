"""Volumes, and what is mounted into a container."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A mount into a container.

    `source` is the absolute path on the host of a bind mount, or the real name of a volume; "" for
    an anonymous volume and for a tmpfs.
    """

    type: Literal["bind", "volume", "tmpfs"]
    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A volume; cosmicdeploy never creates or removes an `external` one."""

    key: str
    name: str
    driver: str | None = None
    driver_opts: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    external: bool = False
