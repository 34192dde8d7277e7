"""The networks that a service joins."""

from __future__ import annotations

import ipaddress

from cosmicdeploy.files.yaml_reader import nearest
from cosmicdeploy.stack.entry import Entry
from cosmicdeploy.stack.model import Attachment, Network
from cosmicdeploy.stack.scope import Scope


def read_attachments(service: Entry, name: str, scope: Scope) -> tuple[Attachment, ...]:
    """A service's place in each of its networks; in the default one where it names none."""
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


def network_keys(service: Entry) -> tuple[str, ...]:
    """The keys of the networks that a service joins."""
    entry = service.get("networks")
    if entry is None or not entry.data:
        return ("default",)
    return entry.texts() if isinstance(entry.data, list) else tuple(entry.mapping())


def _attachment(item: Entry, key: str, service: str, scope: Scope) -> Attachment:
    network = _network(item, key, scope)
    if item.data is None:
        return Attachment(network=network.name, aliases=(service,))
    fields = item.mapping(("aliases", "ipv4_address"))
    more = fields["aliases"].texts() if "aliases" in fields else ()
    address = _address(fields["ipv4_address"], network) if "ipv4_address" in fields else None
    aliases = tuple(dict.fromkeys((service, *more)))
    return Attachment(network=network.name, aliases=aliases, ipv4_address=address)


def _network(item: Entry, key: str, scope: Scope) -> Network:
    if key not in scope.networks:
        todo = nearest(key, scope.networks) or f"add '{key}:' under the top-level 'networks'"
        raise item.error(f"names the network '{key}', which is not declared", todo)
    return scope.networks[key]


def _address(entry: Entry, network: Network) -> str:
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
