"""The `Engine` protocol: the only way to whatever runs the stack."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

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
from cosmicdeploy.stack.model import Build, Network, Service, Volume


class Engine(Protocol):
    """What cosmicdeploy needs of a container engine.

    All methods raise `EngineError`, and `EngineUnavailable` if the engine does not answer.
    """

    def describe(self) -> str:
        """Return name, version and address, for people."""

    def containers(self, project: str, except_names: Collection[str] = ()) -> list[Container]:
        """Return a project's containers, stopped ones too; neither one-off ones nor those named in
        `except_names`."""

    def container(self, reference: str) -> Container | None:
        """Return a container by id or name; None if there is none."""

    def oneoffs(self, project: str) -> list[Container]:
        """Return a project's one-off containers of `docker compose run`, not cosmicdeploy's own."""

    def containers_of_folder(self, folder: Path, except_project: str) -> list[Container]:
        """Return running containers that Compose created from this folder, except one project's."""

    def containers_of_images(
        self, image_ids: Collection[str], except_project: str
    ) -> list[Container]:
        """Return running containers of these images (ids), except one project's."""

    def writers(self, source: str) -> list[Container]:
        """Return running containers, of any origin, that may write to a volume or host folder."""

    def differences(self, container_id: str, service: Service) -> list[Difference]:
        """Return the keys in which the container differs from its definition.

        Ignores the image's id. Does not depend on who created the container.
        """

    def image(self, reference: str) -> Image | None:
        """Return a local image by id or tag; None if there is none."""

    def build(
        self,
        build: Build,
        tag: str,
        labels: Mapping[str, str],
        on_line: Callable[[str], None],
    ) -> str:
        """Build and tag an image; return its id. Raises `BuildFailed` with the last lines."""

    def pull_bases(self, build: Build, on_line: Callable[[str], None]) -> None:
        """Pull missing base images. Raises `BuildFailed` if one cannot be pulled."""

    def context_digest(self, build: Build) -> str:
        """Return a SHA-256 digest of everything that decides the image's content.

        That is the context without what `.dockerignore` excludes, the Dockerfile, the
        arguments, the target, and the ids of the base images. Raises `Refused` for what the
        builder would ignore.
        """

    def tag(self, image_id: str, reference: str) -> None:
        """Point a tag to this image."""

    def remove_unused_image(self, image_id: str) -> None:
        """Remove an image if it has no tag and no container uses it."""

    def untag(self, reference: str) -> None:
        """Remove a tag; an unused image is removed with its last tag."""

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
        """Create a container for a service without starting it; return its id.

        `volumes_from` (target → name) attaches a predecessor's anonymous volumes.
        """

    def start(self, container_id: str) -> None:
        """Start a container."""

    def stop(self, container_id: str, timeout: float) -> None:
        """Send SIGTERM, or the container's own stop signal, and SIGKILL after `timeout` seconds."""

    def rename(self, container_id: str, name: str) -> None:
        """Rename a container."""

    def remove(self, container_id: str) -> None:
        """Remove a container, even if it is running; its volumes stay."""

    def run(
        self,
        service: Service,
        argv: Sequence[str],
        *,
        image: str,
        project: str,
        timeout: float,
    ) -> ExecResult:
        """Run a command in a one-off container of a service, and remove the container.

        It has the service's environment, mounts and networks, but no ports and no fixed address.
        Raises `EngineError` if the command runs longer than `timeout` seconds.
        """

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
        """Run a command in a running container to its end.

        `sink` gets standard output as it comes; `stdin` is sent and then closed. Raises
        `EngineError` if the stream breaks off or there is no exit code, and `CommandSilent` if the
        command prints nothing for `silence` seconds.
        """

    def exec_as(
        self,
        user: str,
        container_id: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        silence: float | None = None,
    ) -> ExecResult:
        """Run a command as `exec` does, as this user; "" for the container's own."""

    def exec_interactive(
        self,
        container_id: str,
        argv: Sequence[str],
        streams: Streams,
        *,
        environment: Mapping[str, str] | None = None,
        user: str = "",
    ) -> int:
        """Run an interactive command in a running container; return its exit code.

        `user` is the container's own by default. If a sink raises, the conversation ends, but the
        command does not.
        """

    def processes(self, container_id: str) -> list[Process]:
        """Return a container's processes, as the engine's host sees them; none if it is stopped."""

    def leftovers(self, project: str) -> list[Container]:
        """Return cosmicdeploy's own one-off containers, running or not.

        While no run is active, they are left over from a killed run.
        """

    def logs(
        self, container_id: str, *, tail: int | None = None, seconds: float | None = None
    ) -> list[str]:
        """Return log lines, oldest first: the last `tail` lines, of the last `seconds`."""

    def log_lines(self, container_id: str, since: float) -> Iterator[str]:
        """Yield log lines since a Unix time, oldest first."""

    def timed_log_lines(
        self,
        container_id: str,
        *,
        since: int | None = None,
        tail: int | None = None,
        follow: bool = False,
    ) -> Iterator[LogLine]:
        """Yield log lines, oldest first: since `since` (nanoseconds since 1970), the last `tail`.

        With `follow`, new lines are yielded too, until the container ends.
        """

    def wait_until_ended(self, container_id: str, timeout: float) -> None:
        """Wait until a container has ended. Raises `EngineError` after `timeout` seconds."""

    def ensure_network(self, network: Network, project: str) -> bool:
        """Create a network unless it exists; return whether it was created."""

    def ensure_volume(self, volume: Volume, project: str) -> bool:
        """Create a volume unless it exists; return whether it was created."""

    def remove_project(self, project: str) -> None:
        """Remove a project's containers, networks, volumes and kept images, with all data."""

    def subnets(self) -> list[str]:
        """Return the subnets of all networks of the engine, in CIDR notation."""

    def claim_marker(self, name: str, labels: Mapping[str, str]) -> Marker:
        """Create a marker of this name atomically, or return the existing one."""

    def find_marker(self, name: str) -> Marker | None:
        """Return the marker of this name; None if there is none."""

    def marker_exists(self, marker_id: str) -> bool:
        """Return whether this marker still exists, without waiting for a beat of it."""

    def remove_marker(self, marker_id: str) -> None:
        """Remove a marker by its id, if it still exists."""

    def beat(self, marker_id: str, count: int) -> bool:
        """Store a number in a marker as a sign of life; return whether the marker exists."""

    def last_beat(self, marker_id: str) -> int | None:
        """Return the number last stored in a marker; None if there is none."""
