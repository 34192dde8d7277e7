"""What the engine reports, as data: containers, images, processes, log lines, markers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

AT_REST = ("created", "dead", "exited", "removing")


def unix_time(moment: str) -> float:
    """Return the engine's time (2026-11-29T21:43:48.123456789Z) in seconds since 1970."""
    whole, _, fraction = moment.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container as it is now; times are ISO 8601 in UTC.

    `image_name` is the image's name at the container's creation. `command` is the whole command
    line, entrypoint first. `health` is "" without a health check, `healthcheck` is the check's
    command line, and `last_probe` is what it printed last. `addresses` maps networks to the
    container's addresses; `published` maps TCP ports of the container to (address, port) of the
    host. `volumes` maps the targets of anonymous volumes to their names; `volume_names` are the
    names of all volumes. `mounts` maps each target to its path on the host, "" if it has none.
    `stop_signal` is "" if neither the image nor the definition sets it. `pid` is the first
    process's number on the engine's host, 0 if the container does not run.
    """

    id: str
    name: str
    service: str
    project: str
    image_id: str
    status: str
    image_name: str = ""
    command: tuple[str, ...] = ()
    health: str = ""
    started_at: str = ""
    restart_count: int = 0
    exit_code: int = 0
    oom_killed: bool = False
    last_probe: str = ""
    healthcheck: tuple[str, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    published: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = ""
    pid: int = 0
    created_at: str = ""
    volume_names: tuple[str, ...] = ()

    @property
    def is_running(self) -> bool:
        return self.status == "running"

    @property
    def is_active(self) -> bool:
        """Whether it runs, is paused, or is about to be restarted by the engine."""
        return self.status not in AT_REST

    @property
    def started(self) -> datetime:
        """When it was last started."""
        return datetime.fromisoformat(self.started_at[:19]).replace(tzinfo=UTC)

    @property
    def started_unix(self) -> float:
        """When it was last started, as a Unix time with all of its fraction; 0 if never."""
        return unix_time(self.started_at) if self.started_at else 0.0

    @property
    def seconds_up(self) -> float:
        """Seconds since it was last started, by this machine's clock."""
        return (datetime.now(UTC) - self.started).total_seconds()

    @property
    def is_ready(self) -> bool:
        """Whether it is running and healthy; without a health check running is enough."""
        return self.is_running and self.health in ("", "healthy")


@dataclass(frozen=True, kw_only=True)
class Image:
    """A local image.

    `digests` are its names in registries, as "repository@sha256:…". `tagged_at` is when this engine
    last pulled, built or tagged it (ISO 8601); "" if it does not say.
    """

    id: str
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    tagged_at: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """What is compared of a file: the SHA-256 of its content, its mode, and "uid:gid".

    The content of a symbolic link is "-> " and its target.
    """

    content: str
    mode: int
    owner: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A key of the compose file, such as "healthcheck.interval", in which a container has drifted.

    A key is "added" if the container lacks it, "removed" if only the container has it, and
    "changed" otherwise. `old` and `new` are None if there is no value or if it may hold a secret.
    """

    key: str
    change: Literal["added", "removed", "changed"]
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExecResult:
    """The result of a command in a container. `stdout` is empty if a sink received it."""

    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""

    @property
    def text(self) -> str:
        """Standard output as text; invalid UTF-8 is replaced."""
        return self.stdout.decode("utf-8", "replace")

    @property
    def error_text(self) -> str:
        """Standard error as text; invalid UTF-8 is replaced."""
        return self.stderr.decode("utf-8", "replace")


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process in a container: its state as `ps` prints it, and its command line."""

    state: str
    command: str

    @property
    def can_run(self) -> bool:
        """Whether it is neither stopped by a signal nor ended."""
        return self.state[:1] not in ("T", "t", "Z", "X")


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """A line of a container's output; `at` is in nanoseconds since 1970 by the engine's clock."""

    at: int
    text: str
    is_stderr: bool = False


@dataclass(frozen=True, kw_only=True)
class Streams:
    """The streams of an interactive command in a container.

    `stdin` is sent as it comes, and its end closes the command's standard input. `over` is set once
    the command has ended, so that the source of `stdin` can stop. `size` returns the terminal's
    lines and columns; without it the command gets no terminal, and its two outputs stay separate.
    """

    stdin: Iterable[bytes]
    out: Callable[[bytes], None]
    err: Callable[[bytes], None]
    size: Callable[[], tuple[int, int]] | None = None
    over: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, kw_only=True)
class Marker:
    """A named lock on the engine. `labels` describe its holder; `is_own`: this call created it."""

    id: str
    labels: Mapping[str, str]
    is_own: bool
