"""The part of the `Engine` protocol that finds, creates and changes containers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol

from cosmicdeploy.engine.facts import Container, Difference, Process
from cosmicdeploy.stack.model import Service


class EngineContainers(Protocol):
    """Containers. Every returned list of containers is sorted by name."""

    # --- queries

    def container(self, reference: str) -> Container | None:
        """Return a container by id or name; None if it does not exist."""

    def containers(self, project: str, except_names: Collection[str] = ()) -> list[Container]:
        """Return a project's containers, running or not, without its one-off containers.

        Containers with a name in `except_names` are left out as well.
        """

    def oneoffs(self, project: str) -> list[Container]:
        """Return the containers that `docker compose run` created in a project, running or not."""

    def leftovers(self, project: str) -> list[Container]:
        """Return cosmicdeploy's own one-off containers of a project, running or not.

        If no run is active, an interrupted run left these containers behind.
        """

    def containers_of_folder(self, folder: Path, except_project: str) -> list[Container]:
        """Return the running containers whose Compose project directory is this folder.

        Containers of the project `except_project` are left out.
        """

    def containers_of_images(
        self, image_ids: Collection[str], except_project: str
    ) -> list[Container]:
        """Return the running containers of these images.

        Containers of the project `except_project` are left out.
        """

    def writers(self, source: str) -> list[Container]:
        """Return the running containers that may write to a volume or a folder of the host.

        `source` is the volume's name or the folder's path. The containers may belong to any
        project, or to none.
        """

    def differences(self, container_id: str, service: Service) -> list[Difference]:
        """Return the keys in which the container differs from its definition.

        Does not compare the image's id. The result is the same whether cosmicdeploy or Compose
        created the container. It is empty if the container's image no longer exists.
        """

    def resolved(self, service: Service, project: str) -> Service:
        """Return the service with its references to other containers replaced by ids and names.

        For example, `network_mode: service:db` gets the id of the container in place of `db`. A
        reference to a service without a container stays as it is.
        """

    def require_supported(self, service: Service) -> None:
        """Raise `Refused` if the service has keys that this engine is too old to know."""

    def read_file(self, container_id: str, path: str) -> bytes | None:
        """Return the content of a file in a container, which need not run.

        Files in mounted volumes and folders can be read too. Returns None for a missing file, for
        anything but a regular file, and for a file larger than 16 MiB.
        """

    def processes(self, container_id: str) -> list[Process]:
        """Return the processes of a container; an empty list unless the container runs."""

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
        """Create a container for a service without starting it; return the container's id.

        `volumes_from` maps mount targets to anonymous volumes of the predecessor, which the new
        container inherits. With the label `DRAIN_CHECK`, the container's health check also fails
        while a drain file exists. Raises `Refused` as `require_supported` does.
        """

    def start(self, container_id: str) -> None:
        """Start a container; a paused one continues to run instead."""

    def stop(self, container_id: str, timeout: float) -> None:
        """Stop a container: send its stop signal, then SIGKILL after `timeout` seconds.

        The default stop signal is SIGTERM.
        """

    def rename(self, container_id: str, name: str) -> None:
        """Rename a container."""

    def remove(self, container_id: str) -> None:
        """Remove a container, even a running one; all of its volumes stay."""

    def discard(self, container_id: str) -> None:
        """Remove a container, even a running one, and its anonymous volumes.

        An anonymous volume that another container uses stays.
        """

    def wait_until_ended(self, container_id: str, timeout: float) -> None:
        """Wait until a container has ended; raise `EngineError` after `timeout` seconds."""
