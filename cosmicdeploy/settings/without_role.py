"""Refuse lists of services without a role that contradict other keys of `services`."""

from __future__ import annotations

from cosmicdeploy.settings.sections.services import Services
from cosmicdeploy.validation import ConflictingKey


def require_lists_without_contradiction(services: Services) -> None:
    """Raise `ConflictingKey` if a list of services without a role contradicts another key.

    `stateful`, `stateless` and `one_shot` may only name services that have no role and are not left
    alone. No service may be in two of these lists.
    """
    for key in ("stateful", "stateless", "one_shot"):
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
    for key, other in (
        ("stateful", "stateless"),
        ("one_shot", "stateful"),
        ("one_shot", "stateless"),
    ):
        for name in getattr(services, key):
            if name in getattr(services, other):
                raise _conflict(key, name, f"is also in services.{other}")


def _conflict(key: str, name: str, problem: str) -> ConflictingKey:
    return ConflictingKey(
        f"services.{key}", f"{name!r} {problem}", f"name {name} in only one of the two keys"
    )
