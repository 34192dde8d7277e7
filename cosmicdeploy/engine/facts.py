"""What the engine reports, as data: containers, images, processes, log lines, markers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

# The states of a container that has no running process.
AT_REST = ("created", "dead", "exited", "removing")


def unix_time(moment: str) -> float:
    """Convert the engine's time (2026-11-29T21:43:48.123456789Z) to seconds since 1970.

    Returns 0 for the year 1, which the engine uses for "never". Raises `ValueError` for a text of
    another form.
    """
    whole, _, fraction = moment.rstrip("Z").partition(".")
    seconds = datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")
    return max(0.0, seconds)


@dataclass(frozen=True, kw_only=True)
class HealthTimes:
    """When a container's health check makes it unhealthy. The defaults are those of the engine.

    The check runs each `interval` seconds, and fails if it takes longer than `timeout` seconds. The
    container is unhealthy after `retries` failures in a row. A failure in the first `start_period`
    seconds does not count, unless the check has passed before.
    """

    interval: float = 30.0
    timeout: float = 30.0
    retries: int = 3
    start_period: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container as the engine reports it now. Times are ISO 8601 in UTC.

    - `image_name` is the name of the image with which the container was created.
    - `command` is the whole command line, entrypoint first.
    - `health` is "" if the container has no health check or does not run. `healthcheck` is the
      command line of the check, `health_times` says when it makes the container unhealthy, and
      `last_probe` is what the check printed last.
    - `networks` are the names of the container's networks. `addresses` maps those in which the
      container has an IPv4 address to that address.
    - `published` maps TCP ports of the container to (address, port) on the host. `host_ports` are
      all (address, port, protocol) that the container holds on the host; empty if the container is
      stopped.
    - `volumes` maps the mount targets of anonymous volumes to the names of the volumes;
      `volume_names` are the names of all volumes.
    - `mounts` maps every mount target to the host's path of its bind mount; "" for a volume or a
      tmpfs.
    - `stop_signal` is "" if neither the image nor the definition sets one. `stop_timeout` is how
      many seconds the container has to end after the stop signal.
    - `pid` is the id that the container's first process has on the engine's host; 0 if the
      container is stopped.
    - `environment` are the variables of the image and of the definition. Values may be secret.
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
    health_times: HealthTimes = HealthTimes()
    addresses: Mapping[str, str] = field(default_factory=dict)
    networks: tuple[str, ...] = ()
    published: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = ""
    pid: int = 0
    created_at: str = ""
    volume_names: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    host_ports: tuple[tuple[str, int, str], ...] = ()
    stop_timeout: float = 10.0

    @property
    def was_started(self) -> bool:
        """Whether the container was ever started."""
        return self.status != "created"

    @property
    def is_running(self) -> bool:
        return self.status == "running"

    @property
    def is_paused(self) -> bool:
        """Whether the container's processes are frozen, as by `docker pause`."""
        return self.status == "paused"

    @property
    def is_active(self) -> bool:
        """Whether the container runs, is paused, or is being restarted by the engine."""
        return self.status not in AT_REST

    @property
    def can_be_started(self) -> bool:
        """Whether a start makes the container run: it is stopped or paused."""
        return self.is_paused or not self.is_active

    @property
    def started(self) -> datetime:
        """When the container was last started, in whole seconds.

        Raises `ValueError` if `started_at` is "".
        """
        return datetime.fromisoformat(self.started_at[:19]).replace(tzinfo=UTC)

    @property
    def started_unix(self) -> float:
        """`started_at` as a Unix time with fractions; 0 if the container was never started."""
        return unix_time(self.started_at) if self.started_at else 0.0

    @property
    def seconds_up(self) -> float:
        """Seconds since the container was last started, by this machine's clock."""
        return (datetime.now(UTC) - self.started).total_seconds()

    @property
    def is_ready(self) -> bool:
        """Whether the container runs and, if it has a health check, is healthy."""
        return self.is_running and self.health in ("", "healthy")


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image that the engine has.

    `digests` are the image's names in registries, as "repository@sha256:…". `tagged_at` is when
    this engine last pulled, built or tagged the image (ISO 8601); "" if the engine does not report
    this time. `entrypoint` and `command` are the words that a container runs by default, and
    `exposed` are its TCP ports. `healthcheck` is the command line of the health check. `user` and
    `working_directory` are "" if the image sets none.
    """

    id: str
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    tagged_at: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    exposed: tuple[int, ...] = ()
    healthcheck: tuple[str, ...] = ()
    user: str = ""
    working_directory: str = ""


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """The properties by which two files are compared.

    `content` is the SHA-256 digest of the content, or "-> TARGET" for a symbolic link. `owner` is
    "uid:gid".
    """

    content: str
    mode: int
    owner: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A key of the compose file, such as "healthcheck.interval", in which a container has drifted.

    `change` is "added" if the container lacks a declared key, "removed" if only the container has
    the key, and "changed" otherwise. `old` is the container's value and `new` the declared value;
    each is None if there is none, or if the value may be secret.
    """

    key: str
    change: Literal["added", "removed", "changed"]
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExecResult:
    """The result of a command in a container. `stdout` is empty if a sink received the output."""

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
        """Whether the process is neither stopped by a signal nor ended."""
        return self.state[:1] not in ("T", "t", "Z", "X")


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """A line of a container's output.

    `at` is when the engine received the line, in nanoseconds since 1970 by the engine's clock.
    """

    at: int
    text: str
    is_stderr: bool = False


@dataclass(frozen=True, kw_only=True)
class Streams:
    """The streams of an interactive command in a container.

    Each piece of `stdin` is sent as soon as it arrives; the end of `stdin` closes the command's
    standard input. `out` and `err` receive the command's outputs. `size` returns the terminal's
    lines and columns. With `size` the command gets a terminal, whose single output goes to `out`;
    without `size` the command gets no terminal. `over` is set once the output has ended or failed,
    so that the source of `stdin` can stop.
    """

    stdin: Iterable[bytes]
    out: Callable[[bytes], None]
    err: Callable[[bytes], None]
    size: Callable[[], tuple[int, int]] | None = None
    over: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, kw_only=True)
class Marker:
    """A named lock on the engine.

    `labels` describe the holder of the lock. `is_own` says whether the call that returned this
    marker also created it.
    """

    id: str
    labels: Mapping[str, str]
    is_own: bool
