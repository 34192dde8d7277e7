"""Names of containers: the service's own name, and the suffix of a container that is not in place.

A rollout creates a candidate beside the container in place and keeps the superseded one until the
run is over; their names tell a later run what an interrupted one left behind.
"""

from __future__ import annotations

import re
from enum import StrEnum

SUFFIX = re.compile(r"-(next|before|trial|run)-[0-9a-f]{8}$")


class ContainerRole(StrEnum):
    """What a container is to its service; the value is the word in its name."""

    IN_PLACE = ""
    CANDIDATE = "next"
    SUPERSEDED = "before"
    TRIAL = "trial"
    COMMAND = "run"


TEMPORARY = (ContainerRole.CANDIDATE, ContainerRole.SUPERSEDED)


def role_of(name: str) -> ContainerRole:
    """Return the role that a container's name tells."""
    suffix = SUFFIX.search(name)
    return ContainerRole(suffix[1]) if suffix else ContainerRole.IN_PLACE


def is_temporary(name: str) -> bool:
    """Return whether a rollout gave the name: to a candidate, or to a superseded container."""
    return role_of(name) in TEMPORARY


def final_name(name: str) -> str:
    """Return the name that the container has, or had, in place."""
    return SUFFIX.sub("", name) if is_temporary(name) else name


def name_as(role: ContainerRole, final: str, seed: str) -> str:
    """Return the name for a container in another role than in place.

    `final` is its name in place; `seed` begins with eight hexadecimal digits, such as an id.
    """
    return f"{final}-{role}-{seed[:8]}"
