"""Write additional compose files that make `config --hash` print the hashes of `up`.

Before Compose's `up` hashes a service, it replaces the service's references to other services by
container ids. `config --hash` does not replace them, so the additional files contain the ids.

Services with `volumes_from` need files of their own (`SourceOverrides`), since Compose treats an id
in that key as the name of a service. Compose's normalization, which adds implied keys, would make
the service depend on that name. So these services are hashed without normalization, and their files
contain the implied keys. A first file leaves `volumes_from` as declared. If that file gives the
same hash as normalization does, no implied key is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cosmicdeploy.engine.containers.creation.hash_values import Keys, dependency
from cosmicdeploy.engine.containers.creation.references import (
    CONTAINER,
    SHARED,
    referred_services,
)
from cosmicdeploy.stack.model import Service

# A service as declared, and the same service with its references replaced by container ids.
Pair = tuple[Service, Service]


@dataclass(frozen=True, kw_only=True)
class SourceOverrides:
    """The texts of two additional compose files for `services`, which have `volumes_from`.

    Both contain the keys that Compose's normalization would add. `as_declared` leaves
    `volumes_from` as it is; `by_id` replaces its services by the ids of their containers.
    """

    services: tuple[str, ...]
    as_declared: str
    by_id: str


def hash_override(pairs: Iterable[Pair], values: Mapping[str, Keys] | None = None) -> str:
    """Return the text of the additional compose file; "" if no service needs an entry.

    `values` are, by service, the keys that `up` resolves before it hashes (see `hash_values.py`).
    """
    references = {  # one entry for all replicas of a service: their keys are the same
        declared.compose_name: _dependencies(declared) | _shared(declared, resolved)
        for declared, resolved in pairs
        if referred_services(declared) and not declared.volumes_from
    }
    own = values or {}
    names = dict.fromkeys((*references, *own))
    return _file({name: {**references.get(name, {}), **own.get(name, {})} for name in names})


def source_overrides(
    pairs: Iterable[Pair], default_network: str, values: Mapping[str, Keys] | None = None
) -> SourceOverrides | None:
    """Return the files for services with `volumes_from`; None if no service needs them.

    Leaves out a service if a container that `volumes_from` refers to does not exist.
    `default_network` is the real name of the network `default`; `values` are as in `hash_override`.
    """
    as_declared, by_id = dict[str, dict[str, str]](), dict[str, dict[str, str]]()
    for declared, resolved in pairs:
        if not declared.volumes_from or not _are_ids(resolved.volumes_from):
            continue
        own = (values or {}).get(declared.compose_name, {})
        keys = {**_dependencies(declared), **_networks(declared, default_network), **own}
        ids = list(map(_hashed_source, declared.volumes_from, resolved.volumes_from))
        as_declared[declared.compose_name] = keys
        by_id[declared.compose_name] = {
            **keys,
            **_shared(declared, resolved),
            "volumes_from": f"!override {json.dumps(ids)}",
        }
    if not as_declared:
        return None
    return SourceOverrides(
        services=tuple(as_declared), as_declared=_file(as_declared), by_id=_file(by_id)
    )


def _hashed_source(declared: str, resolved: str) -> str:
    """Return what `up` hashes for an entry of `volumes_from`, without the entry's mode.

    That is the id of a service's container, or the declared name of a container.
    """
    source = declared if declared.startswith(CONTAINER) else resolved
    return source.removeprefix(CONTAINER).partition(":")[0]


def _are_ids(sources: Iterable[str]) -> bool:
    return all(source.startswith(CONTAINER) for source in sources)


def _file(services: dict[str, dict[str, str]]) -> str:
    if not services:
        return ""
    entries = [
        f"{json.dumps(name)}: {{{', '.join(f'{key}: {value}' for key, value in keys.items())}}}"
        for name, keys in services.items()
    ]
    return f"services: {{{', '.join(entries)}}}\n"


def _dependencies(declared: Service) -> dict[str, str]:
    """Return the dependencies that Compose derives from names of services, but not from ids."""
    dependencies = {
        name: dependency(declared.depends_on[name])
        for name in sorted(referred_services(declared))
        if name in declared.depends_on
    }
    return {"depends_on": json.dumps(dependencies)}


def _shared(declared: Service, resolved: Service) -> dict[str, str]:
    """Return the keys of shared namespaces whose reference was replaced by a container's id."""
    return {
        key: json.dumps(getattr(resolved, key))
        for key in SHARED
        if getattr(declared, key) != getattr(resolved, key)
    }


def _networks(declared: Service, default_network: str) -> dict[str, str]:
    """Return the key `networks` that normalization adds to a service that declares no networks.

    Empty for any other service.
    """
    names = [attachment.network for attachment in declared.networks]
    is_default = declared.network_mode is None and names == [default_network]
    return {"networks": "{default: null}"} if is_default else {}
