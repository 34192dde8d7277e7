"""Devices of a container, and limits on how it uses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ALL_DEVICES = -1


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device of the host; `permissions` are letters of "rwm"."""

    source: str
    target: str
    permissions: str = "rwm"


@dataclass(frozen=True, kw_only=True)
class DeviceRequest:
    """A request for devices that a driver chooses, such as GPUs; -1 is the count of all."""

    driver: str = ""
    count: int = 0
    device_ids: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BlockIo:
    """Weights (10 to 1000) and limits of a container's block devices, by their paths.

    Limits are in bytes or operations per second.
    """

    weight: int | None = None
    weight_device: Mapping[str, int] = field(default_factory=dict)
    device_read_bps: Mapping[str, int] = field(default_factory=dict)
    device_read_iops: Mapping[str, int] = field(default_factory=dict)
    device_write_bps: Mapping[str, int] = field(default_factory=dict)
    device_write_iops: Mapping[str, int] = field(default_factory=dict)
