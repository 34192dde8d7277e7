"""A service, and what its container is created with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cosmicdeploy.stack.model.build import Build
from cosmicdeploy.stack.model.mounts import Mount
from cosmicdeploy.stack.model.networks import Attachment, Port

# CPU shares of a container that gets no traffic; the default is 1024.
ISOLATED_SHARES = 128


@dataclass(frozen=True, kw_only=True)
class Healthcheck:
    """A health check; times are in seconds.

    `test` is as in the engine's API: ["CMD", …], ["CMD-SHELL", …] or ["NONE"].
    """

    test: tuple[str, ...] = ()
    interval: float | None = None
    timeout: float | None = None
    start_period: float | None = None
    retries: int | None = None


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service of the compose file. None and empty values keep the image's default.

    `container_name` is the name of the container in place, or of the container to create;
    `declared_name` is the `container_name` in the file. `declares_image` says that the file names
    an image. `pull_policy` is always, never, build, missing, or how often to ask the registry
    (daily, weekly, every_12h). Sizes are in bytes, times in seconds.
    """

    name: str
    container_name: str
    image: str
    declared_name: str | None = None
    declares_image: bool = True
    build: Build | None = None
    pull_policy: str | None = None
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    working_dir: str | None = None
    hostname: str | None = None
    ports: tuple[Port, ...] = ()
    expose: tuple[int, ...] = ()
    mounts: tuple[Mount, ...] = ()
    networks: tuple[Attachment, ...] = ()
    depends_on: Mapping[str, str] = field(default_factory=dict)
    healthcheck: Healthcheck | None = None
    restart: str = "no"
    stop_signal: str | None = None
    stop_grace_period: float = 10.0
    labels: Mapping[str, str] = field(default_factory=dict)
    log_driver: str | None = None
    log_options: Mapping[str, str] = field(default_factory=dict)
    init: bool = False
    read_only: bool = False
    privileged: bool = False
    tty: bool = False
    stdin_open: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    extra_hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dns: tuple[str, ...] = ()
    group_add: tuple[str, ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict)
    ulimits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    shm_size: int | None = None
    mem_limit: int | None = None
    cpus: float | None = None
    cpu_shares: int | None = None
    pids_limit: int | None = None

    def isolated(self) -> Service:
        """Return the service for a separate container that gets no traffic.

        It has no ports, no fixed address and no alias, few CPU shares, and is never restarted.
        """
        networks = tuple(replace(a, ipv4_address=None, aliases=()) for a in self.networks)
        return replace(self, networks=networks, ports=(), restart="no", cpu_shares=ISOLATED_SHARES)
