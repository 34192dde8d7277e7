"""Describe a container's connections to its networks in the form of the engine's API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cosmicdeploy.stack.model import Attachment, Link, Service

Json = dict[str, Any]
# Since this version of the API, one request creates a container in all of its networks. With an
# earlier version, the container is created in its first network and then connected to the others,
# and it has a single MAC address.
ALL_NETWORKS_AT_ONCE = (1, 44)


def endpoint(service: Service, attachment: Attachment, api_version: tuple[int, int]) -> Json:
    """Return the entry of `EndpointsConfig` for a network, without empty values."""
    addresses: Json = {
        "IPv4Address": attachment.ipv4_address,
        "IPv6Address": attachment.ipv6_address,
        "LinkLocalIPs": list(attachment.link_local_ips),
    }
    optional: Json = {
        "IPAMConfig": {key: value for key, value in addresses.items() if value},
        "Links": link_texts(service.links),
        "DriverOpts": _driver_options(attachment),
        "GwPriority": attachment.gw_priority,
    }
    if api_version >= ALL_NETWORKS_AT_ONCE:
        optional["MacAddress"] = mac_address(service, attachment)
    filled = {key: value for key, value in optional.items() if value}
    return {"Aliases": list(attachment.aliases), **filled}


def endpoints(service: Service, api_version: tuple[int, int]) -> Json:
    """Return `EndpointsConfig`: the networks in which the request creates the container."""
    count = len(service.networks) if api_version >= ALL_NETWORKS_AT_ONCE else 1
    return {a.network: endpoint(service, a, api_version) for a in service.networks[:count]}


def connected_later(service: Service, api_version: tuple[int, int]) -> Sequence[Attachment]:
    """Return the networks to which a container must be connected after its creation."""
    return () if api_version >= ALL_NETWORKS_AT_ONCE else service.networks[1:]


def mac_address(service: Service, attachment: Attachment) -> str | None:
    """Return the declared MAC address in a network; None if none is declared.

    The service's own `mac_address` applies to its first network.
    """
    is_first = attachment is service.networks[0]
    return attachment.mac_address or (service.mac_address if is_first else None)


def only_mac_address(service: Service) -> str | None:
    """Return the MAC address for an engine with one per container; None if none is declared."""
    declared = [each.mac_address for each in service.networks if each.mac_address]
    return declared[0] if declared else service.mac_address


def link_texts(links: Sequence[Link]) -> list[str]:
    """Return each link as "container:alias"."""
    return [f"{link.container}:{link.alias}" for link in links]


def _driver_options(attachment: Attachment) -> dict[str, str]:
    # In the engine's API, the name of the network interface is a driver option.
    name = attachment.interface_name
    interface = {"com.docker.network.endpoint.ifname": name} if name else {}
    return {**attachment.driver_opts, **interface}
