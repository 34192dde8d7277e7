"""Refuse `services.stateful` and `services.stateless` if they contradict other keys."""

from __future__ import annotations

from cosmicdeploy.settings.sections.services import Services
from cosmicdeploy.validation import ConflictingKey


def require_lists_without_contradiction(services: Services) -> None:
    """Raise `ConflictingKey` if `stateful` or `stateless` contradicts another key of `services`.

    Both lists may only name services that have no role and are not left alone. No service may be in
    both lists.
    """
    for key in ("stateful", "stateless"):
        for name in getattr(services, key):
            # The compose file is not read yet, so `all` has only the services with a role.
            if name in services.all:
                raise ConflictingKey(
                    f"services.{key}",
                    f"{name!r} has a role, which says how it is replaced",
                    f"remove {name} from services.{key}",
                )
            if name in services.left_alone:
                raise _conflict(key, name, "is also in services.left_alone: no deploy replaces it")
    for name in services.stateful:
        if name in services.stateless:
            raise _conflict("stateful", name, "is also in services.stateless")


def _conflict(key: str, name: str, problem: str) -> ConflictingKey:
    return ConflictingKey(
        f"services.{key}", f"{name!r} {problem}", f"name {name} in only one of the two keys"
    )
