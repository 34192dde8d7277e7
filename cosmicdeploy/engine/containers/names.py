"""Container names, whose suffix shows the role of a container that is not in place.

The container in place is the one that does its service's work. A rollout creates a candidate while
that container still runs, and keeps the superseded container until the run is over. A later run
recognizes the containers of an interrupted run by their suffixes.
"""

from __future__ import annotations

import re
from enum import StrEnum

SUFFIX = re.compile(r"-(next|before|trial|run)-[0-9a-f]{8}$")


class ContainerRole(StrEnum):
    """A container's role in its service. The value is the word in the name's suffix.

    A `TRIAL` tests a new image without client requests; a `COMMAND` runs a one-off command.
    """

    IN_PLACE = ""
    CANDIDATE = "next"
    SUPERSEDED = "before"
    TRIAL = "trial"
    COMMAND = "run"


TEMPORARY = (ContainerRole.CANDIDATE, ContainerRole.SUPERSEDED)


def role_of(name: str) -> ContainerRole:
    """Return the role of the container with this name."""
    suffix = SUFFIX.search(name)
    return ContainerRole(suffix[1]) if suffix else ContainerRole.IN_PLACE


def is_temporary(name: str) -> bool:
    """Return whether the name is that of a candidate or of a superseded container."""
    return role_of(name) in TEMPORARY


def final_name(name: str) -> str:
    """Return the name without the suffix of a candidate or superseded container."""
    return SUFFIX.sub("", name) if is_temporary(name) else name


def name_as(role: ContainerRole, final: str, seed: str) -> str:
    """Return the name of a container with this role; not for `ContainerRole.IN_PLACE`.

    `final` is the name that the container has or would have in place. `seed`, such as an id, begins
    with eight hexadecimal digits, which make the name unique.
    """
    return f"{final}-{role}-{seed[:8]}"
