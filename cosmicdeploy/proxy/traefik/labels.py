"""Find out from labels whether Traefik sends a container requests, and which labels conflict.

With conflicting labels the old and the new container of a replica cannot run side by side.

If two containers define a router, a service or a middleware of the same name differently, Traefik
drops it, and answers 404 for all of them (tried with Traefik 3.7). A different port alone is no
conflict: Traefik then has two servers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# `traefik.http.routers.NAME.rule`; the rest after the name is what must be equal.
DEFINITION = re.compile(
    r"traefik\.(?P<kind>(?:http|tcp|udp)\.(?:routers|services|middlewares|serverstransports))"
    r"\.(?P<name>[^.]+)\.(?P<rest>.+)",
    re.IGNORECASE,
)
# Kinds of definitions that are in the part of the API that the deployer reads.
LISTED = ("http.routers", "http.services", "tcp.routers", "tcp.services")
# Keys of one server, which may differ.
OF_SERVER = "loadbalancer.server."

Definitions = dict[str, dict[str, str]]


def conflicts(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return what the two sets of labels define differently, such as "http.routers.app"."""
    if not (is_enabled(old) and is_enabled(new)):
        return []
    before, after = _definitions(old), _definitions(new)
    return sorted(each for each in before.keys() & after.keys() if before[each] != after[each])


def is_enabled(labels: Mapping[str, str], *, by_default: bool = True) -> bool:
    """Return whether Traefik looks at a container with these labels.

    `by_default`: Traefik looks at containers without the label `traefik.enable`.
    """
    own = labels.get("traefik.enable", str(by_default))
    return own.lower() not in ("false", "0", "f")


def is_routed(labels: Mapping[str, str], *, by_default: bool) -> bool:
    """Return whether Traefik has to list a container with these labels once it is healthy.

    False as well for a container without any label of its own: Traefik lists it if it looks at all
    containers, and if the image exposes a port. `by_default` is as in `is_enabled`.
    """
    if not is_enabled(labels, by_default=by_default):
        return False
    kinds = {match["kind"].lower() for match in map(DEFINITION.fullmatch, labels) if match}
    return bool(kinds & set(LISTED)) or (not kinds and "traefik.enable" in labels)


def _definitions(labels: Mapping[str, str]) -> Definitions:
    found: Definitions = {}
    for key, value in labels.items():
        if match := DEFINITION.fullmatch(key):
            rest = match["rest"].lower()
            own = found.setdefault(f"{match['kind'].lower()}.{match['name']}", {})
            if not rest.startswith(OF_SERVER):
                own[rest] = value
    return found
