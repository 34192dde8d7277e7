"""Find, create and change containers through the Docker SDK."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, NotFound

from cosmicdeploy.engine import labels as label
from cosmicdeploy.engine import parsing
from cosmicdeploy.engine.connection import translated
from cosmicdeploy.engine.containers.comparison.image_defaults import inherited_volumes
from cosmicdeploy.engine.containers.comparison.mounted_files import mounted_differences
from cosmicdeploy.engine.containers.creation.copied_files import file_differences, read_file
from cosmicdeploy.engine.containers.creation.create import create_container
from cosmicdeploy.engine.containers.creation.drain_check import with_drain_check
from cosmicdeploy.engine.containers.creation.newer_keys import require_known
from cosmicdeploy.engine.containers.creation.references import (
    refers,
    refers_to_others,
    with_ids,
    with_references,
)
from cosmicdeploy.engine.containers.differences import differences
from cosmicdeploy.engine.containers.ending import wait_for_end
from cosmicdeploy.engine.containers.removal import remove
from cosmicdeploy.engine.docker_engine.api import DockerApi
from cosmicdeploy.engine.facts import Container, Difference, Process
from cosmicdeploy.engine.raw_requests import api_version
from cosmicdeploy.errors import EngineError
from cosmicdeploy.stack.model import Service


class DockerContainers(DockerApi):
    """`EngineContainers` on the Docker SDK."""

    def __init__(self, client: docker.DockerClient) -> None:
        super().__init__(client)
        self._inspected_images: dict[str, Mapping[str, Any]] = {}

    def container(self, reference: str) -> Container | None:
        with translated("Inspecting a container", reference):
            try:
                return parsing.parse_container(self._api.inspect_container(reference))
            except NotFound:
                return None

    def containers(self, project: str, except_names: Collection[str] = ()) -> list[Container]:
        containers = self._labelled(f"{label.PROJECT}={project}", except_names=except_names)
        return [c for c in containers if c.labels.get(label.ONEOFF) != "True"]

    def oneoffs(self, project: str) -> list[Container]:
        oneoffs = self._labelled(f"{label.PROJECT}={project}", f"{label.ONEOFF}=True")
        return [container for container in oneoffs if label.MARKER not in container.labels]

    def leftovers(self, project: str) -> list[Container]:
        return self._labelled(f"{label.PROJECT}={project}", f"{label.ONEOFF}=True", label.MARKER)

    def containers_of_folder(self, folder: Path, except_project: str) -> list[Container]:
        with translated("Listing containers"):
            rows = self._api.containers(filters={"label": [label.WORKING_DIR]})
        resolved = folder.resolve()
        return self._inspected(
            row["Id"]
            for row in rows
            if row["Labels"].get(label.PROJECT) != except_project
            and Path(row["Labels"][label.WORKING_DIR]).resolve() == resolved
        )

    def containers_of_images(
        self, image_ids: Collection[str], except_project: str
    ) -> list[Container]:
        with translated("Listing containers"):
            rows = self._api.containers()
        return self._inspected(
            row["Id"]
            for row in rows
            if row["ImageID"] in image_ids
            and (row["Labels"] or {}).get(label.PROJECT) != except_project
        )

    def writers(self, source: str) -> list[Container]:
        with translated("Listing containers"):
            rows = self._api.containers(filters={"volume": [source]})
        return self._inspected(
            row["Id"]
            for row in rows
            for mount in row.get("Mounts") or ()
            if mount.get("RW") and source in (mount.get("Name"), mount.get("Source"))
        )

    def _labelled(self, *filters: str, except_names: Collection[str] = ()) -> list[Container]:
        with translated("Listing containers"):
            rows = self._api.containers(all=True, filters={"label": list(filters)})
        names = {f"/{name}" for name in except_names}
        return self._inspected(row["Id"] for row in rows if not names & set(row["Names"] or ()))

    def _inspected(self, ids: Iterable[str]) -> list[Container]:
        containers = [self.container(container_id) for container_id in ids]
        return sorted((c for c in containers if c is not None), key=lambda c: c.name)

    def differences(self, container_id: str, service: Service) -> list[Difference]:
        with translated("Inspecting a container", service.name):
            inspected = self._api.inspect_container(container_id)
            try:
                image = self._inspected_image(inspected["Image"])
            except NotFound:
                # Without the image its defaults are unknown. Callers detect another image by its
                # id.
                return []
            config = inspected["Config"]
            project = (config.get("Labels") or {}).get(label.PROJECT, "")
            of_files = file_differences(
                self._api, container_id, config.get("User") or "", service.copied_files
            )
            if refers_to_others(service) or refers(inspected):
                service = self.resolved(service, project)
                inspected = with_ids(inspected, self._find_id)
            of_files += mounted_differences(service, inspected)
            return [*differences(service, inspected, image), *of_files]

    def require_supported(self, service: Service) -> None:
        require_known(service, api_version(self._api))

    def resolved(self, service: Service, project: str) -> Service:
        if not refers_to_others(service):
            return service
        return with_references(service, project, self.containers(project), self._find_id)

    def _find_id(self, name: str) -> str | None:
        container = self.container(name)
        return container.id if container else None

    def _inspected_image(self, image_id: str) -> Mapping[str, Any]:
        """Return the inspection of an image; cached, since an image never changes.

        Raises `NotFound`.
        """
        if image_id not in self._inspected_images:
            self._inspected_images[image_id] = self._api.inspect_image(image_id)
        return self._inspected_images[image_id]

    def read_file(self, container_id: str, path: str) -> bytes | None:
        with translated("Reading a file of a container", f"{container_id[:12]}: {path}"):
            return read_file(self._api, container_id, path)

    def processes(self, container_id: str) -> list[Process]:
        with translated("Listing processes", container_id[:12]):
            if not parsing.parse_container(self._api.inspect_container(container_id)).is_running:
                return []
            rows = self._api.top(container_id, ps_args="-eo pid,stat,args")["Processes"] or []
        return [Process(state=state, command=command) for _, state, command in rows]

    def create(
        self,
        service: Service,
        *,
        name: str,
        image: str,
        labels: Mapping[str, str],
        volumes_from: Mapping[str, str] | None = None,
    ) -> str:
        with translated(f"Creating the container {name}", service.name):
            config = self._api.inspect_image(image).get("Config") or {}
            volumes = inherited_volumes(service, config, volumes_from or {})
            resolved = self.resolved(service, labels.get(label.PROJECT, ""))
            return create_container(
                self._api,
                with_drain_check(resolved, config, labels),
                name=name,
                image=image,
                labels=labels,
                volumes=volumes,
            )

    def start(self, container_id: str) -> None:
        with translated("Starting a container", container_id[:12]):
            try:
                self._api.start(container_id)
            except APIError:  # the engine refuses to start a paused container
                container = self.container(container_id)
                if container is None or not container.is_paused:
                    raise
                self._api.unpause(container_id)

    def stop(self, container_id: str, timeout: float) -> None:
        with translated("Stopping a container", container_id[:12]):
            self._api.stop(container_id, timeout=round(timeout))

    def rename(self, container_id: str, name: str) -> None:
        with translated(f"Renaming a container to {name}", container_id[:12]):
            self._api.rename(container_id, name)

    def remove(self, container_id: str) -> None:
        with translated("Removing a container", container_id[:12]):
            remove(self._api, container_id, volumes=False)

    def discard(self, container_id: str) -> None:
        with translated("Removing a container", container_id[:12]):
            remove(self._api, container_id, volumes=True)

    def wait_until_ended(self, container_id: str, timeout: float) -> None:
        short_id = container_id[:12]
        with translated("Waiting for a container to end", short_id):
            if wait_for_end(self._api, container_id, timeout) is None:
                raise EngineError(
                    f"The container did not end within {timeout:.0f} s",
                    where=short_id,
                    todo=f"see what it does: `docker logs --tail 50 {short_id}`; the limit is"
                    " migrate.timeout",
                )
