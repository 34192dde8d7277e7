"""Create and read markers through the Docker SDK."""

from __future__ import annotations

from collections.abc import Mapping

from cosmicdeploy.engine import markers
from cosmicdeploy.engine.connection import translated
from cosmicdeploy.engine.docker_engine.api import DockerApi
from cosmicdeploy.engine.facts import Marker


class DockerMarkers(DockerApi):
    """`EngineMarkers` on the Docker SDK."""

    def claim_marker(self, name: str, labels: Mapping[str, str]) -> Marker:
        with translated("Claiming a marker", name):
            return markers.claim(self._api, name, labels)

    def find_marker(self, name: str) -> Marker | None:
        with translated("Inspecting a marker", name):
            return markers.find(self._api, name)

    def marker_exists(self, marker_id: str) -> bool:
        with translated("Inspecting a marker", marker_id[:12]):
            return markers.exists(self._api, marker_id)

    def remove_marker(self, marker_id: str) -> None:
        with translated("Removing a marker", marker_id[:12]):
            markers.remove_marker(self._api, marker_id)

    def beat(self, marker_id: str, count: int) -> bool:
        with translated("Sending the lock's heartbeat", marker_id[:12]):
            return markers.beat(self._api, marker_id, count)

    def last_beat(self, marker_id: str) -> int | None:
        with translated("Reading the lock's heartbeat", marker_id[:12]):
            return markers.last_beat(self._api, marker_id)
