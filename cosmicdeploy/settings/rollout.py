"""Settings of a rollout: order and readiness, the proxy, maintenance, probes and the soak."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field, field_validator

from cosmicdeploy.settings.section import Section, Url

Order = Literal["stop-first", "start-first"]


class Orders(Section):
    """Whether the superseded container stops first or the candidate starts first.

    A scheduler always stops first: two of them would run each job twice.
    """

    app: Order = Field(default="stop-first", description="Order for replicas")
    worker: Order = Field(default="stop-first", description="Order for queue workers")


class Restart(Section):
    """How containers are replaced."""

    order: Orders = Field(default=Orders(), description="Which container goes first, by role")
    between_jobs: tuple[Literal["scheduler", "worker"], ...] = Field(
        default=(),
        description="Roles that ignore their stop signal and run each job in a child process:"
        " stopped between two jobs",
    )
    max_unavailable: int = Field(
        default=1, ge=1, description="How many replicas may be missing at once, if stopped first"
    )
    max_surge: int = Field(
        default=1, ge=1, description="How many extra replicas may run at once, if started first"
    )
    healthy_within: float = Field(
        default=60, gt=0, description="Seconds that a new container may take to become healthy"
    )
    passes: int = Field(
        default=3, ge=1, description="Good responses in a row that make a replica ready"
    )
    pause: float = Field(
        default=2,
        ge=0,
        description="Longest wait in seconds for the proxy to use a new replica, before the next"
        " one is replaced",
    )


class Proxy(Section):
    """How the proxy takes a replica out of service."""

    out_of_service: str | None = Field(
        default=None,
        description="File in the proxy's container that takes a replica out of service while it"
        " exists; {service} stands for the replica's name",
    )

    @field_validator("out_of_service")
    @classmethod
    def _is_per_service(cls, path: str | None) -> str | None:
        if path is not None and not (path.startswith("/") and "{service}" in path):
            raise ValueError("must be an absolute path with {service} in it")
        return path


class Maintenance(Section):
    """How clients are turned away while data is swapped."""

    file: PurePosixPath | None = Field(
        default=None,
        description="File in the proxy's container that makes it answer 503 with Retry-After while"
        " it exists; without it the proxy is stopped",
    )


class Probe(Section):
    """The requests that are sent while a run changes something."""

    url: Url | None = Field(
        default=None,
        description="Address of the stack as clients see it; null for the proxy's published port",
    )
    rate: float = Field(default=20, ge=0, le=200, description="Requests per second; 0 for none")
    heartbeat_rate: float = Field(
        default=0.2, ge=0, le=200, description="How many of them per second are heartbeats"
    )
    on_failure: Literal["report", "rollback"] = Field(
        default="report",
        description="What a failed request does: report it, or undo the deploy",
    )


class LatencyFloor(Section):
    """Latencies that are fast enough, whatever they were before."""

    p50: float = Field(default=0.05, ge=0, description="Median, in seconds")
    p99: float = Field(default=0.5, ge=0, description="99th percentile, in seconds")


class Soak(Section):
    """How a rollout's effect is watched before the deploy counts as done."""

    seconds: float = Field(
        default=15, ge=0, description="Seconds after the last replaced container; 0 for no soak"
    )
    max_error_rate: float = Field(
        default=0.01, ge=0, le=1, description="Share of requests that may fail, from 0 to 1"
    )
    max_latency_ratio: float = Field(
        default=3, ge=1, description="How many times slower p50 and p99 may be than before"
    )
    latency_floor: LatencyFloor = Field(
        default=LatencyFloor(), description="Latencies that are fast enough in any case"
    )
