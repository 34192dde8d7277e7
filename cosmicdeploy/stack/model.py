"""The declarations of a compose file, with defaults filled in and absolute paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

# CPU shares of a container that gets no traffic; the default is 1024.
ISOLATED_SHARES = 128


@dataclass(frozen=True, kw_only=True)
class Build:
    """How an image is built. `args` are resolved; `dockerfile` is relative to `context`."""

    context: Path
    dockerfile: str = "Dockerfile"
    args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Port:
    """A container port; `published` is None if the engine chooses the host's port."""

    target: int
    published: int | None = None
    host_ip: str = ""
    protocol: Literal["tcp", "udp"] = "tcp"


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A mount into a container.

    `source` is the absolute path on the host of a bind mount, or the real name of a volume; "" for
    an anonymous volume and for a tmpfs.
    """

    type: Literal["bind", "volume", "tmpfs"]
    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A service's connection to a network; `network` is the network's real name."""

    network: str
    aliases: tuple[str, ...] = ()
    ipv4_address: str | None = None


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
    an image. Sizes are in bytes, times in seconds.
    """

    name: str
    container_name: str
    image: str
    declared_name: str | None = None
    declares_image: bool = True
    build: Build | None = None
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
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
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


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Addresses of a network; the engine assigns them from `ip_range`, a part of `subnet`."""

    subnet: str
    ip_range: str | None = None


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network; cosmicdeploy never creates or removes an `external` one."""

    key: str
    name: str
    driver: str | None = None
    pools: tuple[Pool, ...] = ()
    internal: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    external: bool = False

    @property
    def subnets(self) -> tuple[str, ...]:
        return tuple(pool.subnet for pool in self.pools)


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A volume; cosmicdeploy never creates or removes an `external` one."""

    key: str
    name: str
    driver: str | None = None
    driver_opts: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    external: bool = False


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Everything that a compose file declares."""

    project: str
    file: Path
    env_file: Path
    services: Mapping[str, Service]
    networks: Mapping[str, Network]
    volumes: Mapping[str, Volume]

    @property
    def directory(self) -> Path:
        """The project directory: relative paths start there."""
        return self.file.parent
