"""The part of the `Engine` protocol that handles a project's networks and volumes."""

from __future__ import annotations

from typing import Protocol

from cosmicdeploy.stack.model import Network, Volume


class EngineResources(Protocol):
    """Networks and volumes."""

    def ensure_network(self, network: Network, project: str) -> bool:
        """Create a network unless it exists; return whether it was created."""

    def ensure_volume(self, volume: Volume, project: str) -> bool:
        """Create a volume unless it exists; return whether it was created."""

    def volume_exists(self, name: str) -> bool:
        """Return whether a volume exists."""

    def subnets(self) -> list[str]:
        """Return the subnets of all networks of the engine, in CIDR notation."""

    def remove_project(self, project: str) -> None:
        """Remove a project's containers, networks, volumes and kept images, with all data."""
