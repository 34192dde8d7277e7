"""An additional compose file that makes `config --hash` print the hashes that `up` compares.

Before `up` hashes a service, it replaces the service's references to other services by container
ids. `config --hash` does not, so this file contains the ids. For `volumes_from` that is
impossible: Compose takes a bare id for the name of a service.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from cosmicdeploy.engine.containers.creation.references import SHARED, referred_services
from cosmicdeploy.stack.model import Service


def hash_override(pairs: Iterable[tuple[Service, Service]]) -> str:
    """Return the text of the file; "" if none is needed.

    Each pair is a service as declared, and with its references replaced by ids.
    """
    services = {  # replicas have the same keys
        declared.compose_name: _keys(declared, resolved)
        for declared, resolved in pairs
        if referred_services(declared) and not declared.volumes_from
    }
    entries = [f"{json.dumps(name)}: {{{keys}}}" for name, keys in services.items()]
    return f"services: {{{', '.join(entries)}}}\n" if entries else ""


def _keys(declared: Service, resolved: Service) -> str:
    others = sorted(referred_services(declared))
    # Compose derives a dependency from a reference, but not from an id, so the file states it.
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
