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
    """The seam. All methods raise `EngineError`; `EngineUnavailable` where nobody answers."""

    def describe(self) -> str:
        """Name, version and address, for people."""

    def containers(self, project: str, besides: Collection[str] = ()) -> list[Container]:
        """All containers of a project, stopped ones too; one-off ones not, nor some by name."""

    def container(self, reference: str) -> Container | None:
        """One container by id or name."""

    def oneoffs(self, project: str) -> list[Container]:
        """One-off containers of a project, as `docker compose run` makes them; ours not."""

    def made_from(self, folder: Path, besides: str) -> list[Container]:
        """Running containers that Compose made from this folder, of any project but one."""

    def running(self, images: Collection[str], besides: str) -> list[Container]:
        """Running containers of any project but one, or of none, that run one of these images
        (ids)."""

    def writers(self, source: str) -> list[Container]:
        """Running containers, whoever made them, that may write to a volume or a host's folder."""

    def differences(self, container_id: str, service: Service) -> list[Difference]:
        """What a container has otherwise than its definition says, the image's id apart; whoever
        made it."""

    def image(self, reference: str) -> Image | None:
        """One local image by id or tag."""

    def build(
        self,
        build: Build,
        tag: str,
        labels: Mapping[str, str],
        on_line: Callable[[str], None],
    ) -> str:
        """Build and tag an image; its id. Raises `BuildFailed` with the last lines."""

    def pull_bases(self, build: Build, on_line: Callable[[str], None]) -> None:
        """Pull the base images that are not here. Raises `BuildFailed` where one cannot be had."""

    def context_digest(self, build: Build) -> str:
        """SHA-256 over what the build is made from: the context less `.dockerignore`, the
        Dockerfile, arguments, target, and the ids of the images that it takes from. Raises
        `Refused` for what the builder would drop or ignore."""

    def tag(self, image_id: str, reference: str) -> None:
        """Let a tag name this image."""

    def discard(self, image_id: str) -> None:
        """Remove an image that neither a tag names nor a container uses; else leave it."""

    def untag(self, reference: str) -> None:
        """Remove a tag; the image goes with its last one where nothing uses it."""

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
        """Create a container for a service, not started; its id. `volumes_from` (target → name)
        re-attaches anonymous volumes of a predecessor."""

    def start(self, container_id: str) -> None:
        """Start a container."""

    def stop(self, container_id: str, timeout: float) -> None:
        """SIGTERM (or the container's own signal), SIGKILL after `timeout` seconds."""

    def rename(self, container_id: str, name: str) -> None:
        """Give a container another name."""

    def remove(self, container_id: str) -> None:
        """Remove a container, running or not; its volumes stay."""

    def run(
        self,
        service: Service,
        argv: Sequence[str],
        *,
        image: str,
        project: str,
        timeout: float,
    ) -> ExecResult:
        """Run one command in a one-off container of a service (its environment, mounts and
        networks; no ports, no fixed address) and remove it."""

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
        """Run a command in a running container to its end. `sink` takes standard output as it
        comes; `stdin` is sent as it is and then closed. Raises `EngineError` where the stream
        broke, no exit code is to be had, or the command said nothing for `silence` seconds."""

    def exec_as(
        self,
        user: str,
        container_id: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        silence: float | None = None,
    ) -> ExecResult:
        """As `exec`, but as this user; "" for the container's own."""

    def converse(
        self,
        container_id: str,
        argv: Sequence[str],
        streams: Streams,
        *,
        environment: Mapping[str, str] | None = None,
        user: str = "",
    ) -> int:
        """Run a command in a running container with these streams; its exit code. `user` is the
        container's own by default. What a sink raises ends it, but not the command."""

    def processes(self, container_id: str) -> list[Process]:
        """What runs in a container, as the engine's host sees it; none where it does not run."""

    def leftovers(self, project: str) -> list[Container]:
        """One-off containers of ours, running or not: while no run is under way, somebody's who
        was killed."""

    def logs(
        self, container_id: str, *, tail: int | None = None, seconds: float | None = None
    ) -> list[str]:
        """Log lines, oldest first: the last `tail`, of the last `seconds`."""

    def log_lines(self, container_id: str, since: float) -> Iterator[str]:
        """Log lines since a Unix time, oldest first, read as they are asked for."""

    def log_entries(
        self,
        container_id: str,
        *,
        since: int | None = None,
        tail: int | None = None,
        follow: bool = False,
    ) -> Iterator[LogLine]:
        """Log lines, oldest first, read as they are asked for: from `since` on (nanoseconds since
        1970), the last `tail`; with `follow` also those to come, until the container ends."""

    def wait_end(self, container_id: str, timeout: float) -> None:
        """Wait until a container has ended; raises `EngineError` after `timeout` seconds."""

    def ensure_network(self, network: Network, project: str) -> bool:
        """Make a network unless it is there; whether it was made."""

    def ensure_volume(self, volume: Volume, project: str) -> bool:
        """Make a volume unless it is there; whether it was made."""

    def remove_project(self, project: str) -> None:
        """Remove a project's containers, networks, volumes and kept images: its data is gone."""

    def subnets(self) -> list[str]:
        """The subnets of all networks of the engine, in CIDR form."""

    def claim(self, name: str, labels: Mapping[str, str]) -> Marker:
        """Create a marker of this name atomically, or find the one that is there."""

    def find_claim(self, name: str) -> Marker | None:
        """The marker of this name, where there is one."""

    def is_claimed(self, marker_id: str) -> bool:
        """Whether this very marker is there; not held up by a beat of it."""

    def release_claim(self, marker_id: str) -> None:
        """Remove a marker by its own id; one already gone is fine."""

    def beat(self, marker_id: str, count: int) -> bool:
        """Leave a number in a marker, as a sign of life; whether the marker is still there."""

    def last_beat(self, marker_id: str) -> int | None:
        """The number left last in a marker; none where there is none."""
