"""Create and remove networks and volumes through the Docker SDK."""

from __future__ import annotations

from cosmicdeploy.engine import project_resources
from cosmicdeploy.engine.connection import translated
from cosmicdeploy.engine.docker_engine.api import DockerApi
from cosmicdeploy.stack.model import Network, Volume


class DockerResources(DockerApi):
    """`EngineResources` on the Docker SDK."""

    def ensure_network(self, network: Network, project: str) -> bool:
        with translated("Creating a network", network.name):
            return project_resources.ensure_network(self._api, network, project)

    def ensure_volume(self, volume: Volume, project: str) -> bool:
        with translated("Creating a volume", volume.name):
            return project_resources.ensure_volume(self._api, volume, project)

    def volume_exists(self, name: str) -> bool:
        with translated("Inspecting a volume", name):
            return project_resources.volume_exists(self._api, name)

    def subnets(self) -> list[str]:
        with translated("Listing networks"):
            networks = self._api.networks()
        configs = [c for n in networks for c in (n["IPAM"].get("Config") or [])]
        return [config["Subnet"] for config in configs if config.get("Subnet")]

    def remove_project(self, project: str) -> None:
        with translated("Removing a project", project):
            project_resources.remove(self._api, project)
