"""Read the networks that a service joins."""

from __future__ import annotations

import ipaddress

from cosmicdeploy.stack.compose_value import ComposeValue
from cosmicdeploy.stack.model import Attachment, Network
from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.text.suggest import did_you_mean


def read_attachments(service: ComposeValue, name: str, scope: Scope) -> tuple[Attachment, ...]:
    """Return the networks that a service joins, with its aliases and address in each.

    A service that names no network joins the default one.
    """
    entry = service.get("networks")
    if entry is None or not entry.data:
        return (Attachment(network=scope.networks["default"].name, aliases=(name,)),)
    if isinstance(entry.data, list):
        keys = [(item, item.text()) for item in entry.items()]
        return tuple(
            Attachment(network=_network(item, key, scope).name, aliases=(name,))
            for item, key in keys
        )
    return tuple(_attachment(item, key, name, scope) for key, item in entry.mapping().items())


def network_keys(service: ComposeValue) -> tuple[str, ...]:
    """Return the keys of the networks that a service joins."""
    entry = service.get("networks")
    if entry is None or not entry.data:
        return ("default",)
    return entry.texts() if isinstance(entry.data, list) else tuple(entry.mapping())


def _attachment(item: ComposeValue, key: str, service: str, scope: Scope) -> Attachment:
    network = _network(item, key, scope)
    if item.data is None:
        return Attachment(network=network.name, aliases=(service,))
    fields = item.mapping(("aliases", "ipv4_address"))
    declared = fields["aliases"].texts() if "aliases" in fields else ()
    address = _address(fields["ipv4_address"], network) if "ipv4_address" in fields else None
    aliases = tuple(dict.fromkeys((service, *declared)))
    return Attachment(network=network.name, aliases=aliases, ipv4_address=address)


def _network(item: ComposeValue, key: str, scope: Scope) -> Network:
    if key not in scope.networks:
        todo = did_you_mean(key, scope.networks) or f"add '{key}:' under the top-level 'networks'"
        raise item.error(f"names the network '{key}', which is not declared", todo)
    return scope.networks[key]


def _address(entry: ComposeValue, network: Network) -> str:
    try:
        address = ipaddress.IPv4Address(entry.text())
    except ValueError:
        raise entry.error(f"'{entry.text()}' is not an IPv4 address") from None
    subnets = [ipaddress.ip_network(subnet) for subnet in network.subnets]
    if subnets and not any(address in subnet for subnet in subnets):
        raise entry.error(
            f"'{address}' is outside the subnet of network '{network.key}'",
            f"choose an address in {', '.join(network.subnets)}",
        )
    return str(address)
