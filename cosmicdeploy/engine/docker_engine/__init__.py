"""Implement the `Engine` protocol with the Docker SDK; the protocol documents each method."""

from __future__ import annotations

from cosmicdeploy.engine.connection import translated
from cosmicdeploy.engine.docker_engine.commands import DockerCommands
from cosmicdeploy.engine.docker_engine.images import DockerImages
from cosmicdeploy.engine.docker_engine.info import parse_info
from cosmicdeploy.engine.docker_engine.logs import DockerLogs
from cosmicdeploy.engine.docker_engine.markers import DockerMarkers
from cosmicdeploy.engine.docker_engine.resources import DockerResources
from cosmicdeploy.engine.protocol.info import EngineInfo

__all__ = ["DockerEngine"]


class DockerEngine(DockerCommands, DockerLogs, DockerImages, DockerResources, DockerMarkers):
    """`Engine` on the Docker SDK; `DockerCommands` includes the methods for containers."""

    def describe(self) -> str:
        return self.info().description

    def info(self) -> EngineInfo:
        with translated("Asking for the engine's version"):
            return parse_info(self._client.version(), self._client.info(), self._api.base_url)
