"""Settings of a rollout: its order, the proxy, maintenance, requests during a run, and the soak."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field, field_validator

from cosmicdeploy.settings.sections.section import Host, Section, Url

Order = Literal["stop-first", "start-first"]
# The folder of a container that is in memory.
SHARED_MEMORY = "/dev/shm/"  # noqa: S108


class Orders(Section):
    """Whether a rollout stops the superseded container first or starts the candidate first.

    A scheduler is always stopped first, since two schedulers would run each job twice.
    """

    app: Order = Field(
        default="stop-first",
        description="Order for replicas. If neither this key nor the compose file says it, the only"
        " replica of an application is replaced start-first, unless both containers would need the"
        " same port or address, or would write to the same data",
    )
    worker: Order = Field(default="stop-first", description="Order for queue workers")


class Restart(Section):
    """How containers are replaced; see also `deploy.update_config` in the compose file."""

    order: Orders = Field(default=Orders(), description="What a rollout does first, by role")
    between_jobs: tuple[Literal["scheduler", "worker"], ...] = Field(
        default=(),
        description="Roles whose containers ignore the stop signal and run each job in a child"
        " process: they are stopped between two jobs",
    )
    max_unavailable: int = Field(
        default=1,
        ge=1,
        description="How many replicas may be missing at the same time, with stop-first",
    )
    max_surge: int = Field(
        default=1,
        ge=1,
        description="How many extra replicas may run at the same time, with start-first",
    )
    healthy_within: float = Field(
        default=60, gt=0, description="Seconds that a new container may take to become healthy"
    )
    stable_for: float = Field(
        default=10,
        ge=0,
        description="Seconds for which the trial of a new image has to run without ending, before"
        " the first replica is replaced; without a trial, for which the first replica has to run"
        " before the next one. 0 for as long as it needs to become ready",
    )
    passes: int = Field(
        default=3, ge=1, description="Good responses in a row after which a replica is ready"
    )
    pause: float = Field(
        default=2,
        ge=0,
        description="Seconds for the proxy to notice a new replica before the next one is"
        " replaced; nginx's fail_timeout counts instead if it is longer",
    )


class Proxy(Section):
    """How the proxy takes a replica out of service."""

    out_of_service: str | None = Field(
        default=None,
        description="File in the proxy's container that takes a replica out of service while it"
        " exists; {service} stands for the replica's name",
    )

    drain_file: str | None = Field(
        default=None,
        description="File below /dev/shm in a replica's container; while it exists, the replica's"
        " own health check fails, so that Caddy or Traefik send it no requests. Behind Traefik, the"
        " deployer adds such a check by itself",
    )

    @field_validator("drain_file")
    @classmethod
    def _is_emptied(cls, path: str | None) -> str | None:
        # A file elsewhere would outlive a restart, after which the replica would never be ready.
        if path is not None and not path.startswith(SHARED_MEMORY):
            raise ValueError(f"must be a path below {SHARED_MEMORY}, which each start empties")
        return path

    @field_validator("out_of_service")
    @classmethod
    def _is_per_service(cls, path: str | None) -> str | None:
        if path is not None and not (path.startswith("/") and "{service}" in path):
            raise ValueError("must be an absolute path that contains {service}")
        return path


class Maintenance(Section):
    """How clients are turned away while data is swapped."""

    file: PurePosixPath | None = Field(
        default=None,
        description="File in the proxy's container; while the file exists, the proxy answers 503"
        " with Retry-After. Null to stop the proxy instead",
    )


class Probe(Section):
    """The requests that the deployer sends during a run."""

    url: Url | None = Field(
        default=None,
        description="URL at which clients reach the stack; null for the proxy's published port",
    )
    host: Host | None = Field(
        default=None,
        description="Host header of the requests through the proxy, for a proxy that recognizes the"
        " application by its host name; null for the host of the URL",
    )
    rate: float = Field(default=20, ge=0, le=200, description="Requests per second; 0 for none")
    heartbeat_rate: float = Field(
        default=0.2, ge=0, le=200, description="How many of the requests per second are heartbeats"
    )
    on_failure: Literal["report", "rollback"] = Field(
        default="report",
        description="After a failed request: only report it, or undo the deploy",
    )


class LatencyFloor(Section):
    """Latencies that are fast enough, however low they were before the rollout."""

    p50: float = Field(default=0.05, ge=0, description="Median, in seconds")
    p99: float = Field(default=0.5, ge=0, description="99th percentile, in seconds")


class Soak(Section):
    """How the effect of a rollout is checked before the deploy counts as successful."""

    seconds: float = Field(
        default=15,
        ge=0,
        description="Duration of the soak; 0 for no soak. If a rate limit refuses all heartbeats,"
        " the soak waits up to 75 s longer, until one is acknowledged",
    )
    max_error_rate: float = Field(
        default=0.01, ge=0, le=1, description="Share of requests that may fail, from 0 to 1"
    )
    max_latency_ratio: float = Field(
        default=3,
        ge=1,
        description="How many times as high p50 and p99 may be as before the rollout",
    )
    latency_floor: LatencyFloor = Field(
        default=LatencyFloor(), description="Latencies that are fast enough in any case"
    )
