"""Read the networks and volumes at the compose file's top level."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Any

from cosmicdeploy.stack.model import Network, Pool, Volume
from cosmicdeploy.stack.values.compose_value import ComposeValue

_NETWORK = (
    "attachable", "driver", "driver_opts", "enable_ipv4", "enable_ipv6", "external", "internal",
    "ipam", "labels", "name",
)  # fmt: skip
_POOL = ("subnet", "ip_range", "gateway", "aux_addresses")
_VOLUME = ("name", "driver", "driver_opts", "labels", "external")


def read_networks(top: ComposeValue, project: str) -> dict[str, Network]:
    """Return the declared networks and the default network, by key."""
    entry = top.get("networks")
    items = {} if entry is None else entry.mapping()
    networks = {
        key: _network(item, key, project) for key, item in items.items() if _is_declaration(key)
    }
    networks.setdefault("default", Network(key="default", name=f"{project}_default"))
    return networks


def read_volumes(top: ComposeValue, project: str, directory: Path) -> dict[str, Volume]:
    """Return the declared volumes by key; `directory` is the project directory."""
    entry = top.get("volumes")
    items = {} if entry is None else entry.mapping()
    return {
        key: _volume(item, key, project, directory)
        for key, item in items.items()
        if _is_declaration(key)
    }


def _is_declaration(key: str) -> bool:
    return not key.startswith("x-")


def _network(item: ComposeValue, key: str, project: str) -> Network:
    if item.data is None:
        return Network(key=key, name=f"{project}_{key}")
    item.mapping(_NETWORK)
    item = item.without_empty("driver", "name")
    name, external = _name(item, key, project)
    if external:
        return Network(key=key, name=name, external=True)
    return Network(
        key=key,
        name=name,
        driver=item.optional("driver", ComposeValue.text),
        driver_opts=item.optional("driver_opts", ComposeValue.filled_pairs) or {},
        internal=item.optional("internal", ComposeValue.flag) or False,
        attachable=item.optional("attachable", ComposeValue.flag) or False,
        enable_ipv4=item.optional("enable_ipv4", ComposeValue.flag),
        enable_ipv6=item.optional("enable_ipv6", ComposeValue.flag),
        labels=item.optional("labels", ComposeValue.filled_pairs) or {},
        **_ipam(item.get("ipam")),
    )


def _volume(item: ComposeValue, key: str, project: str, directory: Path) -> Volume:
    if item.data is None:
        return Volume(key=key, name=f"{project}_{key}")
    item.mapping(_VOLUME)
    item = item.without_empty("driver", "name")
    name, external = _name(item, key, project)
    if external:
        return Volume(key=key, name=name, external=True)
    return Volume(
        key=key,
        name=name,
        driver=item.optional("driver", ComposeValue.text),
        driver_opts=_driver_opts(item, directory),
        labels=item.optional("labels", ComposeValue.filled_pairs) or {},
    )


def _name(item: ComposeValue, key: str, project: str) -> tuple[str, bool]:
    """Return the real name of a network or volume, and whether it is external.

    `external: {name: …}` is the old syntax. Compose refuses other keys of an external volume, and
    ignores those of an external network, which get a notice.
    """
    named, external = item.get("name"), item.get("external")
    if external is not None and isinstance(external.data, dict):
        old = external.mapping(("name",)).get("name")
        return (old.text() if old and old.data else key), True
    if external is None or not external.flag():
        return (named.text() if named else f"{project}_{key}"), False
    if item.keys[0] == "volumes":
        for other in beside_external(item):
            raise other.error("does not go with 'external: true'", "remove one of them")
    return (named.text() if named else key), True


def beside_external(item: ComposeValue) -> list[ComposeValue]:
    """Return the keys that have no effect in an external network or volume."""
    given = [item.child(key) for key in item.data if not key.startswith("x-") and item.data[key]]
    return [each for each in given if each.keys[-1] not in ("name", "external")]


def _ipam(entry: ComposeValue | None) -> dict[str, Any]:
    if entry is None:
        return {}
    entry.mapping(("driver", "config", "options"))
    configs = entry.get("config")
    parts = [item for item in configs.items() if item.mapping(_POOL)] if configs else []
    driver = entry.optional("driver", ComposeValue.text)
    return {
        "ipam_driver": None if driver == "default" else driver,
        "ipam_options": entry.optional("options", ComposeValue.filled_pairs) or {},
        "pools": tuple(map(_pool, parts)),
    }


def _pool(item: ComposeValue) -> Pool:
    if item.get("subnet") is None:
        raise item.error("needs a subnet", "add 'subnet: 172.28.0.0/24', or remove it")
    aux = item.get("aux_addresses")
    return Pool(
        subnet=_subnet(item.child("subnet")),
        ip_range=item.optional("ip_range", _subnet),
        gateway=item.optional("gateway", _address),
        aux_addresses={k: _address(v) for k, v in aux.mapping().items()} if aux else {},
    )


def _address(entry: ComposeValue) -> str:
    try:
        return str(ipaddress.ip_address(entry.text()))
    except ValueError:
        raise entry.error(
            f"'{entry.text()}' is not an IP address", "write for example 172.28.0.1"
        ) from None


def _driver_opts(item: ComposeValue, directory: Path) -> dict[str, str]:
    """Return a volume's driver options.

    As in Compose, a relative `device` of a bind mount starts at the project directory.
    """
    options = item.optional("driver_opts", ComposeValue.filled_pairs) or {}
    device, is_bind = options.get("device"), "bind" in options.get("o", "").split(",")
    if device and is_bind and item.optional("driver", ComposeValue.text) in (None, "local"):
        options["device"] = os.path.normpath(directory / device)
    return options


def _subnet(entry: ComposeValue) -> str:
    try:
        return str(ipaddress.ip_network(entry.text()))
    except ValueError as error:
        raise entry.error(f"is not a subnet: {error}", "write for example 172.28.0.0/24") from None
