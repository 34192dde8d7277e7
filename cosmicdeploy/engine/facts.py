"""What the engine reports, as data: containers, images, processes, log lines, markers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

AT_REST = ("created", "dead", "exited", "removing")


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container as it is now; times are ISO 8601 in UTC.

    `image_name` is what its image was called when it was made.
    `command` is the whole command line, entrypoint first. `health` is "" without a health check.
    `healthcheck` is the command line that the engine probes it with. `volumes` are the anonymous
    ones: target → name; `volume_names` all of them.
    `stop_signal` is "" where neither its image nor its definition names one. `mounts` are by
    target; the value of those that show something of the host is its path there, else "".
    `pid` is its first process as the engine's host numbers it, 0 where none runs.
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
        """Whether its first process is there: running, paused or about to be started again."""
        return self.status not in AT_REST

    @property
    def started(self) -> datetime:
        """When it was started last."""
        return datetime.fromisoformat(self.started_at[:19]).replace(tzinfo=UTC)

    @property
    def seconds_up(self) -> float:
        """Since it was started last, by this machine's clock."""
        return (datetime.now(UTC) - self.started).total_seconds()

    @property
    def is_ready(self) -> bool:
        """Running and healthy; without a health check running is all that can be known."""
        return self.is_running and self.health in ("", "healthy")


@dataclass(frozen=True, kw_only=True)
class Image:
    """A local image."""

    id: str
    tags: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A key of the compose file, such as "healthcheck.interval", that a container was made without
    (`added`), should no longer have (`removed`), or has another value of. `old` and `new` are None
    where there is no such value or where it may hold a secret."""

    key: str
    change: Literal["added", "removed", "changed"]
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExecResult:
    """How a command in a container ended. `stdout` is empty where a sink took it."""

    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""

    @property
    def text(self) -> str:
        """Standard output as text, undecodable bytes replaced."""
        return self.stdout.decode("utf-8", "replace")

    @property
    def error_text(self) -> str:
        """Standard error as text, undecodable bytes replaced."""
        return self.stderr.decode("utf-8", "replace")


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process in a container: its state as `ps` writes it, and its command line."""

    state: str
    command: str

    @property
    def can_run(self) -> bool:
        """Whether it can do anything: it is not stopped by a signal, and not ended."""
        return self.state[:1] not in ("T", "t", "Z", "X")


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """A line that a container wrote: `at` in nanoseconds since 1970 by the engine's clock, `error`
    where it came on standard error."""

    at: int
    text: str
    is_stderr: bool = False


@dataclass(frozen=True, kw_only=True)
class Streams:
    """What a command in a container has for its own.

    `stdin` is sent as it comes, and its end ends the command's; once `over` is set nobody takes any
    more of it. `size` tells lines and columns of a terminal; without it the command gets none, and
    its two outputs stay apart.
    """

    stdin: Iterable[bytes]
    out: Callable[[bytes], None]
    err: Callable[[bytes], None]
    size: Callable[[], tuple[int, int]] | None = None
    over: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, kw_only=True)
class Marker:
    """Something that only one can have. `labels` say who has it; `ours` where that is us."""

    id: str
    labels: Mapping[str, str]
    ours: bool
