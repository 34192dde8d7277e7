"""Docker Engine behind the seam."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import uuid4

import docker
from docker.errors import APIError, ImageNotFound, NotFound

from cosmicdeploy.engine import building, facts, streams
from cosmicdeploy.engine import labels as label
from cosmicdeploy.engine.connection import translated
from cosmicdeploy.engine.definition import container_body
from cosmicdeploy.engine.model import Container, ExecResult, Image
from cosmicdeploy.engine.oneoff import oneoff_service, run_to_end
from cosmicdeploy.stack.model import Build, Network, Service, Volume

CONFLICT = 409
# An empty image of our own: markers are containers that never start, and need one.
MARKER_IMAGE = "cosmicdeploy/marker"


class DockerEngine:
    """The `Engine` protocol on the Docker SDK; the meaning of each method stands there."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client
        self._api = client.api

    def describe(self) -> str:
        with translated("Asking for the engine's version"):
            version, name = self._client.version(), self._client.info()["Name"]
        return f"Docker Engine {version['Version']} on {name} ({self._api.base_url})"

    # --- facts

    def containers(self, project: str) -> list[Container]:
        with translated("Listing containers"):
            rows = self._api.containers(all=True, filters={"label": [f"{label.PROJECT}={project}"]})
        found = [self.container(row["Id"]) for row in rows]
        return sorted(
            (c for c in found if c and c.labels.get(label.ONEOFF) != "True"),
            key=lambda c: c.name,
        )

    def leftovers(self, project: str) -> list[Container]:
        chosen = [f"{label.PROJECT}={project}", f"{label.MARKER}=run"]
        with translated("Listing containers"):
            rows = self._api.containers(all=True, filters={"label": chosen})
        found = [self.container(row["Id"]) for row in rows]
        return [container for container in found if container]

    def container(self, reference: str) -> Container | None:
        with translated("Looking at a container", reference):
            try:
                return facts.container(self._api.inspect_container(reference))
            except NotFound:
                return None

    def image(self, reference: str) -> Image | None:
        with translated("Looking at an image", reference):
            try:
                return facts.image(self._api.inspect_image(reference))
            except ImageNotFound:
                return None

    def logs(
        self, container_id: str, *, tail: int | None = None, seconds: float | None = None
    ) -> list[str]:
        since = None if seconds is None else int(time.time() - seconds)
        with translated("Reading logs", container_id[:12]):
            text = self._api.logs(container_id, tail="all" if tail is None else tail, since=since)
        return [line.rstrip() for line in text.decode("utf-8", "replace").splitlines()]

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
        image_id = building.build_image(self._api, build, tag, labels, on_line)
        # Tagged by us, at the end: a build that was given up cannot move the tag behind our back.
        self.tag(image_id, tag)
        return image_id

    def pull_bases(self, build: Build, on_line: Callable[[str], None]) -> None:
        building.pull_bases(self._api, build, on_line)

    def context_digest(self, build: Build) -> str:
        with translated("Reading the build context", str(build.context)):
            return building.context_digest(self._api, build)

    def tag(self, image_id: str, reference: str) -> None:
        name, _, tag = reference.rpartition(":") if _has_tag(reference) else (reference, "", "")
        with translated("Tagging an image", reference):
            self._api.tag(image_id, name, tag or "latest", force=True)

    def discard(self, image_id: str) -> None:
        found = self.image(image_id)
        if found is None or found.tags:
            return
        with translated("Removing an image", image_id[:19]):
            try:
                self._api.remove_image(image_id)
            except APIError as error:
                if error.status_code != CONFLICT:
                    raise

    def untag(self, reference: str) -> None:
        with translated("Removing a tag", reference):
            try:
                self._api.remove_image(reference)
            except ImageNotFound:
                return

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
        body = container_body(service, image, labels, volumes_from or {})
        with translated(f"Creating the container {name}", service.name):
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
            try:
                self._api.remove_container(container_id, force=True, v=False)
            except NotFound:
                return

    def wait_end(self, container_id: str, timeout: float) -> None:
        with translated("Waiting for a container to end", container_id[:12]):
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
        name = f"{service.container_name}-run-{uuid4().hex[:8]}"
        marks = {
            label.PROJECT: project,
            label.SERVICE: service.name,
            label.ONEOFF: "True",
            label.NUMBER: "1",
            label.CONFIG_HASH: "",
            label.VERSION: label.COMPOSE_VERSION,
            label.MARKER: "run",
        }
        made = self.create(
            oneoff_service(service, argv), name=name, image=image, project=project, labels=marks
        )
        try:
            with translated(f"Running {' '.join(argv)}", service.name):
                return run_to_end(self._api, made, timeout)
        finally:
            self.remove(made)

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
        command = streams.Command(
            argv=argv,
            options={"environment": dict(environment or {})},
            stdin=stdin,
            sink=sink,
            silence=silence,
        )
        return streams.run_exec(self._api, container_id, command)

    # --- what containers need

    def ensure_network(self, network: Network, project: str) -> bool:
        with translated("Looking for a network", network.name):
            if any(n["Name"] == network.name for n in self._api.networks([network.name])):
                return False
            pools = [
                docker.types.IPAMPool(subnet=pool.subnet, iprange=pool.ip_range)
                for pool in network.pools
            ]
            self._api.create_network(
                network.name,
                driver=network.driver or "bridge",
                ipam=docker.types.IPAMConfig(pool_configs=pools) if pools else None,
                internal=network.internal,
                labels={
                    **network.labels,
                    label.PROJECT: project,
                    label.NETWORK: network.key,
                    label.VERSION: label.COMPOSE_VERSION,
                },
            )
        return True

    def ensure_volume(self, volume: Volume, project: str) -> bool:
        with translated("Looking for a volume", volume.name):
            try:
                self._api.inspect_volume(volume.name)
            except NotFound:
                self._api.create_volume(
                    volume.name,
                    driver=volume.driver,
                    driver_opts=dict(volume.driver_opts),
                    labels={
                        **volume.labels,
                        label.PROJECT: project,
                        label.VOLUME: volume.key,
                        label.VERSION: label.COMPOSE_VERSION,
                    },
                )
                return True
        return False

    def remove_project(self, project: str) -> None:
        chosen = {"label": [f"{label.PROJECT}={project}"]}
        with translated("Removing a project", project):
            for row in self._api.containers(all=True, filters=chosen):
                self._api.remove_container(row["Id"], force=True, v=True)
            for network in self._api.networks(filters=chosen):
                self._api.remove_network(network["Id"])
            for volume in self._api.volumes(filters=chosen)["Volumes"] or []:
                self._api.remove_volume(volume["Name"])
            for image in self._api.images(name=label.kept_repository(project)):
                for tag in image["RepoTags"]:
                    self._api.remove_image(tag)

    # --- markers: a container's name is the one thing that an engine hands out atomically

    def claim(self, name: str, labels: Mapping[str, str]) -> Mapping[str, str] | None:
        self._ensure_marker_image()
        body = {"Image": MARKER_IMAGE, "Cmd": ["marker"], "Labels": dict(labels)}
        with translated("Claiming a marker", name):
            try:
                self._api.create_container_from_config(body, name)
            except APIError as error:
                if error.status_code != CONFLICT:
                    raise
            else:
                return None
        holder = self.container(name)
        # Gone between the two calls: whoever had it is done, so try again.
        return {**holder.labels, "id": holder.id} if holder else self.claim(name, labels)

    def claim_id(self, name: str) -> str | None:
        holder = self.container(name)
        return holder.id if holder else None

    def release_claim(self, marker_id: str) -> None:
        self.remove(marker_id)

    def _ensure_marker_image(self) -> None:
        if self.image(MARKER_IMAGE) is None:
            empty = io.BytesIO()
            tarfile.open(fileobj=empty, mode="w").close()
            with translated("Importing the marker image", MARKER_IMAGE):
                self._api.import_image_from_data(empty.getvalue(), repository=MARKER_IMAGE)


def _has_tag(reference: str) -> bool:
    return ":" in reference.rpartition("/")[2]
