"""Find out which services exist: a service with `profiles` needs an active profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cosmicdeploy.files.yaml_reader import Document
from cosmicdeploy.stack.variables.interpolate import interpolate

_ALL = "*"


def active_profiles(given: tuple[str, ...], variables: Mapping[str, str]) -> frozenset[str]:
    """Return `given`, the profiles of the settings; if empty, those of COMPOSE_PROFILES.

    As in Compose, an empty or unset COMPOSE_PROFILES activates the profile "", which a service has
    by `profiles: ["${PROFILE:-}"]`.
    """
    words = (word.strip() for word in variables.get("COMPOSE_PROFILES", "").split(","))
    return frozenset(given or words)


def is_active(profiles: Iterable[str], active: frozenset[str]) -> bool:
    """Return whether a service with these profiles exists.

    A service without profiles always exists, and the active profile `*` activates every service.
    """
    own = frozenset(profiles)
    return not own or _ALL in active or not own.isdisjoint(active)


def declared_profiles(
    document: Document, variables: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Return the profiles of each service of a file, with variables resolved.

    An invalid value counts as no profile here: `read_service` refuses it later.
    """
    services = document.data.get("services")
    if not isinstance(services, dict):
        return {}
    return {
        name: tuple(
            interpolate(word, variables, document.location("services", name, "profiles"))
            for word in _words(service)
        )
        for name, service in services.items()
    }


def without_services(document: Document, names: frozenset[str]) -> Document:
    """Return a file without the named services."""
    services = document.data.get("services")
    if not isinstance(services, dict) or names.isdisjoint(services):
        return document
    kept = {name: service for name, service in services.items() if name not in names}
    return replace(document, data={**document.data, "services": kept})


def _words(service: Any) -> list[str]:
    profiles = service.get("profiles") if isinstance(service, dict) else None
    items = profiles if isinstance(profiles, list) else []
    return [item for item in items if isinstance(item, str)]
