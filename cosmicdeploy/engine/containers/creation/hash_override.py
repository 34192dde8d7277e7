"""Write an additional compose file that makes `config --hash` print the hashes of `up`.

Before Compose's `up` hashes a service, it replaces the service's references to other services by
container ids. `config --hash` does not replace them, so the additional file contains the ids. A
service with `volumes_from` has no entry, since in that key Compose takes an id for the name of a
service.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from cosmicdeploy.engine.containers.creation.references import SHARED, referred_services
from cosmicdeploy.stack.model import Service


def hash_override(pairs: Iterable[tuple[Service, Service]]) -> str:
    """Return the text of the additional compose file; "" if no service needs an entry.

    Each pair holds a service as declared, and the same service with its references replaced by
    container ids.
    """
    services = {  # one entry for all replicas of a service: their keys are the same
        declared.compose_name: _keys(declared, resolved)
        for declared, resolved in pairs
        if referred_services(declared) and not declared.volumes_from
    }
    entries = [f"{json.dumps(name)}: {{{keys}}}" for name, keys in services.items()]
    return f"services: {{{', '.join(entries)}}}\n" if entries else ""


def _keys(declared: Service, resolved: Service) -> str:
    others = sorted(referred_services(declared))
    # Compose derives a dependency from the name of a service, but not from an id. So the additional
    # file has to declare the dependency.
    dependencies = {
        name: {
            "condition": declared.depends_on[name].condition,
            "restart": declared.depends_on[name].restart,
            "required": declared.depends_on[name].required,
        }
        for name in others
        if name in declared.depends_on
    }
    keys = {"depends_on": json.dumps(dependencies)}
    for key in SHARED:
        if getattr(declared, key) != getattr(resolved, key):
            keys[key] = json.dumps(getattr(resolved, key))
    return ", ".join(f"{key}: {value}" for key, value in keys.items())
