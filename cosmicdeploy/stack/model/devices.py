"""Devices of a container, and limits on how it uses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ALL_DEVICES = -1


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device of the host; `permissions` are letters of "rwm" (read, write, mknod)."""

    source: str
    target: str
    permissions: str = "rwm"


@dataclass(frozen=True, kw_only=True)
class DeviceRequest:
    """A request for devices that a driver chooses, such as GPUs; a `count` of -1 means all."""

    driver: str = ""
    count: int = 0
    device_ids: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BlockIo:
    """A container's weights (10 to 1000) and limits for block devices, by the devices' paths.

    The limits are per second: `bps` in bytes, `iops` in operations.
    """

    weight: int | None = None
    weight_device: Mapping[str, int] = field(default_factory=dict)
    device_read_bps: Mapping[str, int] = field(default_factory=dict)
    device_read_iops: Mapping[str, int] = field(default_factory=dict)
    device_write_bps: Mapping[str, int] = field(default_factory=dict)
    device_write_iops: Mapping[str, int] = field(default_factory=dict)
