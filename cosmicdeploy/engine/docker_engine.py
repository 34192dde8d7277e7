"""Docker Engine as an `Engine`."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
from docker.errors import NotFound

from cosmicdeploy.engine import labels as label
from cosmicdeploy.engine import markers, parsing, project_resources
from cosmicdeploy.engine.building import build_context, image_build
from cosmicdeploy.engine.building import image_tags as images
from cosmicdeploy.engine.commands import exec_streams, interactive, log_reader
from cosmicdeploy.engine.commands.oneoff import oneoff_service, run_to_end
from cosmicdeploy.engine.connection import translated
from cosmicdeploy.engine.containers.create_request import container_body
from cosmicdeploy.engine.containers.differences import differences
from cosmicdeploy.engine.containers.image_defaults import inherited_volumes
from cosmicdeploy.engine.containers.names import ContainerRole, name_as
from cosmicdeploy.engine.containers.removal import remove
from cosmicdeploy.engine.facts import (
    Container,
    Difference,
    ExecResult,
    Image,
    LogLine,
    Marker,
    Process,
    Streams,
)
from cosmicdeploy.signals import interruptible
from cosmicdeploy.stack.model import Build, Network, Service, Volume


class DockerEngine:
    """The `Engine` protocol on the Docker SDK; the protocol describes each method."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client
        self._api = client.api
        self._images: dict[str, Mapping[str, Any]] = {}

    def describe(self) -> str:
        with translated("Asking for the engine's version"):
            version, name = self._client.version(), self._client.info()["Name"]
        return f"Docker Engine {version['Version']} on {name} ({self._api.base_url})"

    # --- queries

    def containers(self, project: str, except_names: Collection[str] = ()) -> list[Container]:
        every = self._labelled(f"{label.PROJECT}={project}", except_names=except_names)
        return [c for c in every if c.labels.get(label.ONEOFF) != "True"]

    def leftovers(self, project: str) -> list[Container]:
        return self._labelled(f"{label.PROJECT}={project}", f"{label.ONEOFF}=True", label.MARKER)

    def oneoffs(self, project: str) -> list[Container]:
        oneoffs = self._labelled(f"{label.PROJECT}={project}", f"{label.ONEOFF}=True")
        return [container for container in oneoffs if label.MARKER not in container.labels]

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
        containers = [self.container(each) for each in ids]
        return sorted((c for c in containers if c is not None), key=lambda c: c.name)

    def container(self, reference: str) -> Container | None:
        with translated("Inspecting a container", reference):
            try:
                return parsing.parse_container(self._api.inspect_container(reference))
            except NotFound:
                return None

    def differences(self, container_id: str, service: Service) -> list[Difference]:
        with translated("Inspecting a container", service.name):
            inspected = self._api.inspect_container(container_id)
            try:
                image = self._inspected_image(inspected["Image"])
            except NotFound:
                # Its defaults are unknown; that the image is another one is reported elsewhere.
                return []
            return differences(service, inspected, image)

    def _inspected_image(self, image_id: str) -> Mapping[str, Any]:
        """Return an image's details, cached: they never change. Raises `NotFound`."""
        if image_id not in self._images:
            self._images[image_id] = self._api.inspect_image(image_id)
        return self._images[image_id]

    def image(self, reference: str) -> Image | None:
        with translated("Inspecting an image", reference):
            return images.find(self._api, reference)

    def processes(self, container_id: str) -> list[Process]:
        with translated("Listing processes", container_id[:12]):
            if not parsing.parse_container(self._api.inspect_container(container_id)).is_running:
                return []
            rows = self._api.top(container_id, ps_args="-eo pid,stat,args")["Processes"] or []
        return [Process(state=state, command=command) for _, state, command in rows]

    def logs(
        self, container_id: str, *, tail: int | None = None, seconds: float | None = None
    ) -> list[str]:
        since = None if seconds is None else int(time.time() - seconds)
        with translated("Reading logs", container_id[:12]):
            text = self._api.logs(container_id, tail="all" if tail is None else tail, since=since)
        return [line.rstrip() for line in text.decode("utf-8", "replace").splitlines()]

    def log_lines(self, container_id: str, since: float) -> Iterator[str]:
        rest = b""
        with translated("Reading logs", container_id[:12]):
            tail = log_reader.tail_since(self._api, container_id, since)
            chunks = self._api.logs(container_id, since=since, tail=tail, stream=True, follow=False)
            for chunk in chunks:
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line.decode("utf-8", "replace") for line in lines)
            yield rest.decode("utf-8", "replace")

    def timed_log_lines(
        self,
        container_id: str,
        *,
        since: int | None = None,
        tail: int | None = None,
        follow: bool = False,
    ) -> Iterator[LogLine]:
        with translated("Reading logs", container_id[:12]):
            selection = log_reader.LogSelection(since=since, tail=tail, follow=follow)
            yield from log_reader.read(self._api, container_id, selection)

    def subnets(self) -> list[str]:
        with translated("Listing networks"):
            networks = self._api.networks()
        configs = [c for n in networks for c in (n["IPAM"].get("Config") or [])]
        return [config["Subnet"] for config in configs if config.get("Subnet")]

    # --- images

    def build(
        self,
        build: Build,
        tag: str,
        labels: Mapping[str, str],
        on_line: Callable[[str], None],
    ) -> str:
        image_id = image_build.build_image(self._api, build, tag, labels, on_line)
        # Tagged here, at the end: a build that was interrupted cannot move the tag later.
        self.tag(image_id, tag)
        return image_id

    def pull_bases(self, build: Build, on_line: Callable[[str], None]) -> None:
        image_build.pull_bases(self._api, build, on_line)

    def context_digest(self, build: Build) -> str:
        with translated("Reading the build context", str(build.context)):
            return build_context.context_digest(self._api, build)

    def tag(self, image_id: str, reference: str) -> None:
        with translated("Tagging an image", reference):
            images.tag(self._api, image_id, reference)

    def remove_unused_image(self, image_id: str) -> None:
        with translated("Removing an image", image_id[:19]):
            images.remove_unused_image(self._api, image_id)

    def untag(self, reference: str) -> None:
        with translated("Removing a tag", reference):
            images.untag(self._api, reference)

    # --- containers

    def create(
        self,
        service: Service,
        *,
        name: str,
        image: str,
        project: str,
        labels: Mapping[str, str],
        volumes_from: Mapping[str, str] | None = None,
    ) -> str:
        with translated(f"Creating the container {name}", service.name):
            config = self._api.inspect_image(image).get("Config") or {}
            volumes = inherited_volumes(service, config, volumes_from or {})
            body = container_body(service, image, labels, volumes)
            created = self._api.create_container_from_config(body, name)["Id"]
            for attachment in service.networks[1:]:
                self._api.connect_container_to_network(
                    created,
                    attachment.network,
                    aliases=list(attachment.aliases),
                    ipv4_address=attachment.ipv4_address,
                )
        return str(created)

    def start(self, container_id: str) -> None:
        with translated("Starting a container", container_id[:12]):
            self._api.start(container_id)

    def stop(self, container_id: str, timeout: float) -> None:
        with translated("Stopping a container", container_id[:12]):
            self._api.stop(container_id, timeout=round(timeout))

    def rename(self, container_id: str, name: str) -> None:
        with translated(f"Renaming a container to {name}", container_id[:12]):
            self._api.rename(container_id, name)

    def remove(self, container_id: str) -> None:
        with translated("Removing a container", container_id[:12]):
            remove(self._api, container_id, volumes=False)

    def wait_until_ended(self, container_id: str, timeout: float) -> None:
        with translated("Waiting for a container to end", container_id[:12]), interruptible():
            self._api.wait(container_id, timeout=round(timeout))

    def run(
        self,
        service: Service,
        argv: Sequence[str],
        *,
        image: str,
        project: str,
        timeout: float,
    ) -> ExecResult:
        name = name_as(ContainerRole.COMMAND, service.container_name, uuid4().hex)
        oneoff_labels = {
            label.PROJECT: project,
            label.SERVICE: service.name,
            label.ONEOFF: "True",
            label.NUMBER: "1",
            label.CONFIG_HASH: "",
            label.VERSION: label.COMPOSE_VERSION,
            label.MARKER: label.RUN,
        }
        container_id = self.create(
            oneoff_service(service, argv),
            name=name,
            image=image,
            project=project,
            labels=oneoff_labels,
        )
        try:
            with translated(f"Running {' '.join(argv)}", service.name):
                return run_to_end(self._api, container_id, timeout)
        finally:
            self.remove(container_id)

    def exec(
        self,
        container_id: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        stdin: Iterable[bytes] | None = None,
        sink: Callable[[bytes], None] | None = None,
        silence: float | None = None,
    ) -> ExecResult:
        command = exec_streams.Command(
            argv=argv,
            options={"environment": dict(environment or {})},
            stdin=stdin,
            sink=sink,
            silence=silence,
        )
        return exec_streams.run_exec(self._api, container_id, command)

    def exec_as(
        self,
        user: str,
        container_id: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        silence: float | None = None,
    ) -> ExecResult:
        command = exec_streams.Command(
            argv=argv,
            options={"environment": dict(environment or {}), "user": user},
            stdin=None,
            sink=None,
            silence=silence,
        )
        return exec_streams.run_exec(self._api, container_id, command)

    def exec_interactive(
        self,
        container_id: str,
        argv: Sequence[str],
        streams: Streams,
        *,
        environment: Mapping[str, str] | None = None,
        user: str = "",
    ) -> int:
        options = {"environment": dict(environment or {}), "user": user}
        with translated(f"Running {argv[0]}", container_id[:12]):
            return interactive.run(self._api, container_id, argv, options, streams)

    # --- what containers need

    def ensure_network(self, network: Network, project: str) -> bool:
        with translated("Creating a network", network.name):
            return project_resources.ensure_network(self._api, network, project)

    def ensure_volume(self, volume: Volume, project: str) -> bool:
        with translated("Creating a volume", volume.name):
            return project_resources.ensure_volume(self._api, volume, project)

    def remove_project(self, project: str) -> None:
        with translated("Removing a project", project):
            project_resources.remove(self._api, project)

    # --- markers

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
            markers.release(self._api, marker_id)

    def beat(self, marker_id: str, count: int) -> bool:
        with translated("Sending a sign of life", marker_id[:12]):
            return markers.beat(self._api, marker_id, count)

    def last_beat(self, marker_id: str) -> int | None:
        with translated("Reading a sign of life", marker_id[:12]):
            return markers.last_beat(self._api, marker_id)
