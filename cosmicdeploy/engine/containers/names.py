"""Names of containers: a suffix shows the role of a container that is not in place.

A rollout creates a candidate beside the container in place, and keeps the superseded container
until the run is over. From their names a later run knows what an interrupted run left behind.
"""

from __future__ import annotations

import re
from enum import StrEnum

SUFFIX = re.compile(r"-(next|before|trial|run)-[0-9a-f]{8}$")


class ContainerRole(StrEnum):
    """A container's role in its service; the value is the word in the suffix of its name."""

    IN_PLACE = ""
    CANDIDATE = "next"
    SUPERSEDED = "before"
    TRIAL = "trial"
    COMMAND = "run"


TEMPORARY = (ContainerRole.CANDIDATE, ContainerRole.SUPERSEDED)


def role_of(name: str) -> ContainerRole:
    """Return a container's role, according to its name."""
    suffix = SUFFIX.search(name)
    return ContainerRole(suffix[1]) if suffix else ContainerRole.IN_PLACE


def is_temporary(name: str) -> bool:
    """Return whether the name is that of a candidate or of a superseded container."""
    return role_of(name) in TEMPORARY


def final_name(name: str) -> str:
    """Return the name without the suffix of a candidate or superseded container."""
    return SUFFIX.sub("", name) if is_temporary(name) else name


def name_as(role: ContainerRole, final: str, seed: str) -> str:
    """Return the name of a container in any role other than in place.

    `final` is its name in place; `seed` begins with eight hexadecimal digits, such as an id.
    """
    return f"{final}-{role}-{seed[:8]}"
