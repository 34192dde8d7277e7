"""Read the networks that a service joins."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from cosmicdeploy.stack.model import Attachment, Network
from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.text.suggest import did_you_mean

_KEYS = (
    "aliases", "driver_opts", "gw_priority", "interface_name", "ipv4_address", "ipv6_address",
    "link_local_ips", "mac_address", "priority",
)  # fmt: skip
_MAC = re.compile(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}")


def read_attachments(service: ComposeValue, name: str, scope: Scope) -> tuple[Attachment, ...]:
    """Return the networks that a service joins, with its aliases and addresses in each.

    A service without `networks` joins the default network; a service with `network_mode` joins
    none. The network with the highest priority comes first. Networks of equal priority are sorted
    by key, as in Compose.
    """
    entry = service.get("networks")
    if (mode := service.get("network_mode")) is not None:
        if entry is not None and entry.data:
            raise mode.error("does not go with 'networks'", "remove one of them")
        return ()
    if entry is None or not entry.data:
        return (Attachment(network=scope.networks["default"].name, aliases=(name,)),)
    if isinstance(entry.data, list):
        keyed = [
            (item.text(), _attachment(item, item.text(), name, scope)) for item in entry.items()
        ]
    else:
        keyed = [
            (key, _attachment(item, key, name, scope)) for key, item in entry.mapping().items()
        ]
    keyed.sort(key=lambda pair: (-pair[1].priority, pair[0]))
    return tuple(attachment for _, attachment in keyed)


def network_keys(service: ComposeValue) -> tuple[str, ...]:
    """Return the keys of the networks that a service joins."""
    entry = service.get("networks")
    if service.optional("network_mode", ComposeValue.text):
        return ()
    if entry is None or not entry.data:
        return ("default",)
    return entry.texts() if isinstance(entry.data, list) else tuple(entry.mapping())


def read_mac_address(entry: ComposeValue) -> str:
    """Return a MAC address in lower case, with colons."""
    if not _MAC.fullmatch(entry.text()):
        raise entry.error(
            f"'{entry.text()}' is not a MAC address", "write for example 02:42:ac:11:65:43"
        )
    return entry.text().lower().replace("-", ":")


def _attachment(item: ComposeValue, key: str, service: str, scope: Scope) -> Attachment:
    network = _network(item, key, scope)
    if not isinstance(item.data, dict):
        return Attachment(network=network.name, aliases=(service,))
    item.mapping(_KEYS)
    item = item.without_empty("ipv4_address", "ipv6_address", "mac_address")
    declared = item.optional("aliases", ComposeValue.texts) or ()
    return Attachment(
        network=network.name,
        aliases=tuple(dict.fromkeys((service, *declared))),
        **_addresses(item, network),
        driver_opts=item.optional("driver_opts", ComposeValue.filled_pairs) or {},
        priority=item.optional("priority", ComposeValue.integer) or 0,
        gw_priority=item.optional("gw_priority", ComposeValue.integer) or 0,
        interface_name=item.optional("interface_name", ComposeValue.text),
    )


def _network(item: ComposeValue, key: str, scope: Scope) -> Network:
    if key not in scope.networks:
        todo = did_you_mean(key, scope.networks) or f"add '{key}:' under the top-level 'networks'"
        raise item.error(f"names the network '{key}', which is not declared", todo)
    return scope.networks[key]


def _addresses(item: ComposeValue, network: Network) -> dict[str, Any]:
    ipv4, ipv6, local = (
        item.get(key) for key in ("ipv4_address", "ipv6_address", "link_local_ips")
    )
    return {
        "ipv4_address": _address(ipv4, network, 4) if ipv4 else None,
        "ipv6_address": _address(ipv6, network, 6) if ipv6 else None,
        "link_local_ips": tuple(map(_any_address, local.items())) if local else (),
        "mac_address": item.optional("mac_address", read_mac_address),
    }


def _address(entry: ComposeValue, network: Network, version: int) -> str:
    try:
        address = ipaddress.ip_address(entry.text())
    except ValueError:
        address = None
    if address is None or address.version != version:
        raise entry.error(f"'{entry.text()}' is not an IPv{version} address")
    subnets = [ipaddress.ip_network(subnet) for subnet in network.subnets]
    own = [subnet for subnet in subnets if subnet.version == version]
    if own and not any(address in subnet for subnet in own):
        raise entry.error(
            f"'{address}' is outside the subnet of network '{network.key}'",
            f"choose an address in {', '.join(map(str, own))}",
        )
    return str(address)


def _any_address(entry: ComposeValue) -> str:
    try:
        return str(ipaddress.ip_address(entry.text()))
    except ValueError:
        raise entry.error(f"'{entry.text()}' is not an IP address") from None
