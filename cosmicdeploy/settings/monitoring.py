"""Settings of `monitor`, `diagnose` and `checklist`: where they look, and what counts as worse."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from pydantic import Field

from cosmicdeploy.settings.section import Section, Url
from cosmicdeploy.settings.tables import DeviceColumns, TransitionColumns


class FlappingLimit(Section):
    """How many transitions of a device within which time count as flapping."""

    more_than: int = Field(default=3, ge=1, description="Transitions that are not flapping yet")
    seconds: float = Field(default=300, gt=0, description="Seconds in which they are counted")


class Monitoring(Section):
    """What the live view shows besides containers, logs and latencies."""

    transition: str = Field(
        default="", description="Words of the log line of a transition; JSON follows them"
    )
    log_file: bool = Field(
        default=False,
        description="Whether app.log_file is followed besides the containers' output",
    )
    devices: DeviceColumns | None = Field(default=None, description="The table of devices")
    transitions: TransitionColumns | None = Field(
        default=None, description="The table of transitions; without it the log is read"
    )
    flapping: FlappingLimit = Field(
        default=FlappingLimit(), description="When a device counts as flapping"
    )
    recent: float = Field(
        default=3600,
        gt=0,
        description="Devices whose status changed within this many seconds are shown",
    )


class OverlapLock(Section):
    """What keeps two runs of `verify.command` apart."""

    key: str = Field(description="Key in Redis, or a pattern of keys")
    database: int = Field(default=0, description="Number of Redis's database")


class Diagnose(Section):
    """Where `diagnose` looks, and when it reports a problem."""

    command_file: PurePosixPath | None = Field(
        default=None, description="File of verify.command in the application's containers"
    )
    config_cache: PurePosixPath | None = Field(
        default=None, description="File of the cached configuration in these containers"
    )
    overlap_lock: OverlapLock | None = Field(
        default=None, description="Lock in Redis of verify.command"
    )
    slow_after: float = Field(
        default=5, gt=0, description="Statements that run longer, in seconds, are named"
    )
    end_after: float = Field(
        default=30,
        gt=0,
        description="Statements and idle transactions that block others for longer, in seconds,"
        " are a problem; `diagnose --fix` ends them",
    )
    connections: float = Field(
        default=0.8, gt=0, le=1, description="Share of the server's connections, from 0 to 1"
    )


class External(Section):
    """A service beside the stack that has to suit the release."""

    name: str = Field(description="Name shown in reports")
    url: Url = Field(description="Address that is requested")
    status: int = Field(default=200, ge=100, le=599, description="Status that it must answer with")
    body: str = Field(default="", description="Text that the body must contain")


class Borne(Section):
    """Values that are fine whatever they were in the baseline."""

    failures: float = Field(
        default=0.001, ge=0, le=1, description="Share of requests that fail, from 0 to 1"
    )
    error_lines: int = Field(default=3, ge=0, description="Number of log lines with an error")
    limited: float = Field(
        default=0.2, ge=0, le=1, description="Share of requests answered 429, from 0 to 1"
    )
    latency: float = Field(default=0.005, ge=0, description="Seconds that a simple query takes")
    threads: int = Field(default=10, ge=1, description="Number of running database threads")
    per_minute: float = Field(
        default=1, ge=0, description="Slow queries, and lock waits, per minute"
    )
    hits: float = Field(
        default=0.02, ge=0, le=1, description="Difference of a hit ratio, from 0 to 1"
    )


class Checklist(Section):
    """Which log lines `checklist` counts, and from when on more is worse."""

    scheduled: str = Field(
        default="", description="Words of the log line with which the scheduler starts a run"
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
        description="Most heartbeats that --probe sends until one is answered 429",
    )
    external: tuple[External, ...] = Field(
        default=(), description="Services beside the stack that have to suit the release"
    )
    ratio: float = Field(
        default=1.5, ge=1, description="Up to this many times the baseline counts as unchanged"
    )
    borne: Borne = Field(
        default=Borne(), description="Values that are fine whatever they were in the baseline"
    )
