"""The part of the `Engine` protocol that handles a project's networks and volumes."""

from __future__ import annotations

from typing import Protocol

from cosmicdeploy.stack.model import Network, Volume


class EngineResources(Protocol):
    """Networks and volumes, and the removal of a whole project."""

    def ensure_network(self, network: Network, project: str) -> bool:
        """Create a network unless one of its name exists; return whether it was created.

        Raises `Refused` if the network has a key that this engine is too old to know, and
        `EngineError` if the declared subnet overlaps that of another network.
        """

    def ensure_volume(self, volume: Volume, project: str) -> bool:
        """Create a volume unless one of its name exists; return whether it was created."""

    def volume_exists(self, name: str) -> bool:
        """Return whether a volume of this name exists."""

    def subnets(self) -> list[str]:
        """Return the subnets of all networks of the engine, in CIDR notation."""

    def remove_project(self, project: str) -> None:
        """Remove a project's containers, networks and volumes, with all data.

        Also removes the images that were kept for the project's rollbacks, except one that a
        container of another project uses.
        """
