"""Read the networks and volumes at the compose file's top level."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from cosmicdeploy.stack.compose_value import ComposeValue
from cosmicdeploy.stack.model import Network, Pool, Volume

_NETWORK = ("name", "driver", "ipam", "internal", "labels", "external")
_VOLUME = ("name", "driver", "driver_opts", "labels", "external")


def read_networks(top: ComposeValue, project: str) -> dict[str, Network]:
    """Return the declared networks by key, and the default one."""
    entry = top.get("networks")
    items = {} if entry is None else entry.mapping()
    networks = {
        key: _network(item, key, project) for key, item in items.items() if _is_declaration(key)
    }
    networks.setdefault("default", Network(key="default", name=f"{project}_default"))
    return networks


def read_volumes(top: ComposeValue, project: str) -> dict[str, Volume]:
    """Return the declared volumes by key."""
    entry = top.get("volumes")
    items = {} if entry is None else entry.mapping()
    return {key: _volume(item, key, project) for key, item in items.items() if _is_declaration(key)}


def _is_declaration(key: str) -> bool:
    return not key.startswith("x-")


def _network(item: ComposeValue, key: str, project: str) -> Network:
    if item.data is None:
        return Network(key=key, name=f"{project}_{key}")
    fields = item.mapping(_NETWORK)
    name, external = _name(item, key, project)
    if external:
        return Network(key=key, name=name, external=True)
    return Network(
        key=key,
        name=name,
        driver=fields["driver"].text() if item.get("driver") else None,
        pools=_pools(item.get("ipam")),
        internal="internal" in fields and fields["internal"].flag(),
        labels=fields["labels"].filled_pairs() if item.get("labels") else {},
    )


def _volume(item: ComposeValue, key: str, project: str) -> Volume:
    if item.data is None:
        return Volume(key=key, name=f"{project}_{key}")
    fields = item.mapping(_VOLUME)
    name, external = _name(item, key, project)
    if external:
        return Volume(key=key, name=name, external=True)
    return Volume(
        key=key,
        name=name,
        driver=fields["driver"].text() if item.get("driver") else None,
        driver_opts=fields["driver_opts"].filled_pairs() if item.get("driver_opts") else {},
        labels=fields["labels"].filled_pairs() if item.get("labels") else {},
    )


def _name(item: ComposeValue, key: str, project: str) -> tuple[str, bool]:
    """Return the real name, and whether it is external; `external: {name: …}` is the old syntax."""
    named, external = item.get("name"), item.get("external")
    if external is not None and isinstance(external.data, dict):
        old = external.mapping(("name",)).get("name")
        return (old.text() if old else key), True
    if external is None or not external.flag():
        return (named.text() if named else f"{project}_{key}"), False
    for other in item.data:
        if other not in ("name", "external") and not other.startswith("x-") and item.data[other]:
            raise item.child(other).error("does not go with 'external: true'", "remove one of them")
    return (named.text() if named else key), True


def _pools(ipam: ComposeValue | None) -> tuple[Pool, ...]:
    if ipam is None:
        return ()
    fields = ipam.mapping(("driver", "config"))
    if "driver" in fields:
        fields["driver"].one_of(("default",))
    configs = fields["config"].items() if "config" in fields else []
    parts = [config.mapping(("subnet", "ip_range")) for config in configs]
    return tuple(_pool(part) for part in parts if part)


def _pool(part: Mapping[str, ComposeValue]) -> Pool:
    ip_range = _subnet(part["ip_range"]) if "ip_range" in part else None
    if "subnet" not in part:
        raise part["ip_range"].error("needs a subnet", "add the subnet that it is a part of")
    return Pool(subnet=_subnet(part["subnet"]), ip_range=ip_range)


def _subnet(entry: ComposeValue) -> str:
    try:
        return str(ipaddress.ip_network(entry.text()))
    except ValueError as error:
        raise entry.error(f"is not a subnet: {error}", "write for example 172.28.0.0/24") from None
