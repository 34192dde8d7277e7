"""Networks, the addresses in them, and published ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Port:
    """A container port; `published` is None if the engine chooses the host's port."""

    target: int
    published: int | None = None
    host_ip: str = ""
    protocol: Literal["tcp", "udp"] = "tcp"


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A service's connection to a network; `network` is the network's real name."""

    network: str
    aliases: tuple[str, ...] = ()
    ipv4_address: str | None = None


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Addresses of a network; the engine assigns them from `ip_range`, a part of `subnet`."""

    subnet: str
    ip_range: str | None = None


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network; cosmicdeploy never creates or removes an `external` one."""

    key: str
    name: str
    driver: str | None = None
    pools: tuple[Pool, ...] = ()
    internal: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    external: bool = False

    @property
    def subnets(self) -> tuple[str, ...]:
        return tuple(pool.subnet for pool in self.pools)
