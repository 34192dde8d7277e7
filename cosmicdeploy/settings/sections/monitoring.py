"""Settings of `monitor`, `diagnose` and `checklist`."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from pydantic import Field

from cosmicdeploy.settings.sections.section import Section, Url
from cosmicdeploy.settings.sections.tables import DeviceColumns, TransitionColumns


class FlappingLimit(Section):
    """When a device counts as flapping."""

    more_than: int = Field(
        default=3, ge=1, description="A device flaps if it has more transitions than this"
    )
    seconds: float = Field(
        default=300, gt=0, description="Period in which transitions are counted, in seconds"
    )


class Monitoring(Section):
    """What `monitor` shows of devices, and whether it follows the application's log file."""

    transition: str = Field(
        default="",
        description="Words in the log line of a transition; a JSON object follows them",
    )
    log_file: bool = Field(
        default=False,
        description="Follow app.log_file as well as the containers' output",
    )
    devices: DeviceColumns | None = Field(default=None, description="The table of devices")
    transitions: TransitionColumns | None = Field(
        default=None, description="The table of transitions; without it only the log is read"
    )
    flapping: FlappingLimit = Field(
        default=FlappingLimit(), description="When a device counts as flapping"
    )
    recent: float = Field(
        default=3600,
        gt=0,
        description="Show the devices whose status changed within this many seconds",
    )


class OverlapLock(Section):
    """The lock in Redis that keeps runs of `verify.command` from overlapping."""

    key: str = Field(description="Key of the lock, or a pattern of keys")
    database: int = Field(default=0, description="Number of the Redis database")


class Diagnose(Section):
    """What `diagnose` checks, and the limits beyond which it reports a problem."""

    command_file: PurePosixPath | None = Field(
        default=None,
        description="File that defines verify.command, in the application's containers",
    )
    config_cache: PurePosixPath | None = Field(
        default=None,
        description="File of the cached configuration, in the application's containers",
    )
    overlap_lock: OverlapLock | None = Field(
        default=None,
        description="Lock that keeps verify.command from running twice at the same time",
    )
    slow_after: float = Field(
        default=5,
        gt=0,
        description="Seconds after which a statement or an idle transaction is reported, and a wait"
        " for a lock is a problem",
    )
    end_after: float = Field(
        default=30,
        gt=0,
        description="A statement that runs for at least this long, in seconds, or an idle"
        " transaction that others wait for at least this long, is a problem; `diagnose --fix` can"
        " end it",
    )
    connections: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="Share of connections, from 0 to 1; it is a problem if at least this share is"
        " in use",
    )
    disk: float = Field(
        default=0.95,
        gt=0,
        le=1,
        description="Share of a disk, from 0 to 1; it is a problem if at least this share is in"
        " use",
    )


class External(Section):
    """A service outside the stack that has to work with the release."""

    name: str = Field(description="Name shown in reports")
    url: Url = Field(description="URL to request")
    status: int = Field(default=200, ge=100, le=599, description="Expected status")
    body: str = Field(default="", description="Text that the body must contain")


class Tolerated(Section):
    """Limits up to which a value does not count as worse than its baseline."""

    failures: float = Field(
        default=0.001, ge=0, le=1, description="Share of failed requests, from 0 to 1"
    )
    error_lines: int = Field(
        default=3, ge=0, description="Number of log lines that report an error"
    )
    limited: float = Field(
        default=0.2, ge=0, le=1, description="Share of requests answered 429, from 0 to 1"
    )
    latency: float = Field(
        default=0.005, ge=0, description="Duration of a simple query, in seconds"
    )
    threads: int = Field(default=10, ge=1, description="Number of running database threads")
    per_minute: float = Field(
        default=1, ge=0, description="Number of slow queries, and of lock waits, per minute"
    )
    hits: float = Field(
        default=0.02, ge=0, le=1, description="Drop of a hit ratio below its baseline, from 0 to 1"
    )


class Checklist(Section):
    """What `checklist` counts and requests, and when it calls a value worse than its baseline."""

    scheduled: str = Field(
        default="",
        description="Words in the log line that the scheduler writes when it starts the scheduled"
        " command. Default: the name in verify.command",
    )
    errors: re.Pattern[str] = Field(
        default=re.compile(r"\b(?:ERROR|CRITICAL|ALERT|EMERGENCY)\b"),
        description="Pattern of log lines that report an error",
    )
    migration_errors: re.Pattern[str] = Field(
        default=re.compile(
            r"(?i)SQLSTATE\[42S|unknown column|table .*doesn.t exist"
            r"|migrat\w* .*\b(?:error|exception|failed)\b"
        ),
        description="Pattern of log lines that report a failed migration or an unsuitable schema",
    )
    burst: int = Field(
        default=150,
        ge=1,
        le=1000,
        description="Number of heartbeats that `checklist --probe` sends to get one 429; must"
        " exceed the rate limit. It sends as many again if none is refused",
    )
    external: tuple[External, ...] = Field(
        default=(), description="Services outside the stack that have to work with the release"
    )
    ratio: float = Field(
        default=1.5, ge=1, description="A value up to this many times the baseline is not worse"
    )
    borne: Tolerated = Field(
        default=Tolerated(),
        description="Limits up to which a value does not count as worse than its baseline",
    )
