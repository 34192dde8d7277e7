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
            if name in services.all:
                raise _conflict(key, name, "has a role, which says how it is replaced")
            if name in services.left_alone:
                raise _conflict(key, name, "is in services.left_alone too: no deploy replaces it")
    for key, other in (
        ("stateful", "stateless"), ("one_shot", "stateful"), ("one_shot", "stateless"),
    ):  # fmt: skip
        for name in getattr(services, key):
            if name in getattr(services, other):
                raise _conflict(key, name, f"is in services.{other} too")


def _conflict(key: str, name: str, problem: str) -> ConflictingKey:
    return ConflictingKey(
        f"services.{key}", f"{name!r} {problem}", f"name {name} in only one of the two keys"
    )
