"""Networks, the addresses in them, and published ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Protocol = Literal["tcp", "udp", "sctp"]


@dataclass(frozen=True, kw_only=True)
class Port:
    """A published port: `target` in the container, `published` on the host.

    If `published` is None, the engine chooses the host's port. With `published_end`, the engine
    chooses one from `published` to `published_end`.
    """

    target: int
    published: int | None = None
    published_end: int | None = None
    host_ip: str = ""
    protocol: Protocol = "tcp"

    @property
    def choices(self) -> range:
        """The host's ports, one of which the container gets; empty if the engine may choose any."""
        if self.published is None:
            return range(0)
        return range(self.published, (self.published_end or self.published) + 1)


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A service's connection to a network; `network` is the network's real name.

    The network with the highest `priority` comes first. The network with the highest `gw_priority`
    gets the container's default route.
    """

    network: str
    aliases: tuple[str, ...] = ()
    ipv4_address: str | None = None
    ipv6_address: str | None = None
    link_local_ips: tuple[str, ...] = ()
    mac_address: str | None = None
    driver_opts: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    gw_priority: int = 0
    interface_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link to another container, which a service's container reaches by the name `alias`.

    Either `service` names a service of the compose file, or `container` names any other container.
    """

    alias: str
    service: str = ""
    container: str = ""


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The addresses of a network.

    The engine assigns addresses from `ip_range`, a part of `subnet`; None stands for the whole
    subnet. `aux_addresses` maps names to addresses that the engine never assigns.
    """

    subnet: str
    ip_range: str | None = None
    gateway: str | None = None
    aux_addresses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network; cosmicdeploy never creates or removes an `external` one."""

    key: str
    name: str
    driver: str | None = None
    driver_opts: Mapping[str, str] = field(default_factory=dict)
    ipam_driver: str | None = None
    ipam_options: Mapping[str, str] = field(default_factory=dict)
    pools: tuple[Pool, ...] = ()
    internal: bool = False
    attachable: bool = False
    enable_ipv4: bool | None = None
    enable_ipv6: bool | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    external: bool = False

    @property
    def subnets(self) -> tuple[str, ...]:
        return tuple(pool.subnet for pool in self.pools)
