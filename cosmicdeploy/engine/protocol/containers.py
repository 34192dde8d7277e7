"""The part of the `Engine` protocol that finds, creates and changes containers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol

from cosmicdeploy.engine.facts import Container, Difference, Process
from cosmicdeploy.stack.model import Service


class EngineContainers(Protocol):
    """Containers; every list of containers is sorted by name."""

    # --- queries

    def container(self, reference: str) -> Container | None:
        """Return a container by id or name; None if it does not exist."""

    def containers(self, project: str, except_names: Collection[str] = ()) -> list[Container]:
        """Return a project's containers, running or not, without its one-off containers."""

    def oneoffs(self, project: str) -> list[Container]:
        """Return a project's one-off containers of `docker compose run`, not cosmicdeploy's own."""

    def leftovers(self, project: str) -> list[Container]:
        """Return cosmicdeploy's own one-off containers of a project, running or not.

        While no run is active, an interrupted run left them behind.
        """

    def containers_of_folder(self, folder: Path, except_project: str) -> list[Container]:
        """Return the running containers that Compose created from files in this folder."""

    def containers_of_images(
        self, image_ids: Collection[str], except_project: str
    ) -> list[Container]:
        """Return the running containers of these images."""

    def writers(self, source: str) -> list[Container]:
        """Return the running containers that may write to a volume or a folder of the host.

        They may belong to any project, or to none.
        """

    def differences(self, container_id: str, service: Service) -> list[Difference]:
        """Return the keys in which the container differs from its definition.

        Ignores the image's id. Does not depend on who created the container.
        """

    def resolved(self, service: Service, project: str) -> Service:
        """Return the service with its references to other containers replaced by ids and names."""

    def require_supported(self, service: Service) -> None:
        """Raise `Refused` if the service has keys that this engine is too old for."""

    def read_file(self, container_id: str, path: str) -> bytes | None:
        """Return the content of a small file in a container, running or not; None if it has none.

        Also a file of a volume or folder that the container has mounted.
        """

    def processes(self, container_id: str) -> list[Process]:
        """Return a container's processes, as the engine's host sees them; none unless it runs."""

    # --- changes

    def create(
        self,
        service: Service,
        *,
        name: str,
        image: str,
        labels: Mapping[str, str],
        volumes_from: Mapping[str, str] | None = None,
    ) -> str:
        """Create a container for a service without starting it; return its id.

        `volumes_from` (target → name) are a predecessor's anonymous volumes, which it takes over.
        """

    def start(self, container_id: str) -> None:
        """Start a container."""

    def stop(self, container_id: str, timeout: float) -> None:
        """Send SIGTERM, or the container's own stop signal, and SIGKILL after `timeout` seconds."""

    def rename(self, container_id: str, name: str) -> None:
        """Rename a container."""

    def remove(self, container_id: str) -> None:
        """Remove a container, even if it is running; its volumes stay."""

    def discard(self, container_id: str) -> None:
        """Remove a container as `remove` does, with the anonymous volumes that it alone had."""

    def wait_until_ended(self, container_id: str, timeout: float) -> None:
        """Wait until a container has ended. Raises `EngineError` after `timeout` seconds."""
