"""Read `extra_hosts`: additional entries in `/etc/hosts` of a container or a build."""

from __future__ import annotations

from collections.abc import Iterable

from cosmicdeploy.stack.values.compose_value import ComposeValue


def read_hosts(entry: ComposeValue) -> dict[str, tuple[str, ...]]:
    """Return the addresses by host, from a list of texts such as `host:address` or a mapping."""
    hosts: dict[str, list[str]] = {}
    for item, name, address in _entries(entry):
        if not name or not address:
            raise item.error(f"'{name}' has no address", "write host:address")
        hosts.setdefault(name, []).append(address.strip("[]"))
    return {name: tuple(dict.fromkeys(addresses)) for name, addresses in hosts.items()}


def _entries(entry: ComposeValue) -> Iterable[tuple[ComposeValue, str, str]]:
    if isinstance(entry.data, list):
        for item in entry.items():
            for name, address in item.single_pair("=:").items():
                yield item, name, address or ""
        return
    for name, item in entry.mapping().items():
        addresses = item.texts() if item.data is not None else ("",)
        yield from ((item, name, address) for address in addresses)
