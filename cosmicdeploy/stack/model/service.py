"""A service of a compose file, with everything that its container is created with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from cosmicdeploy.stack.model.build import Build
from cosmicdeploy.stack.model.deploy import Deploy
from cosmicdeploy.stack.model.devices import BlockIo, Device, DeviceRequest
from cosmicdeploy.stack.model.hooks import Hook
from cosmicdeploy.stack.model.mounts import CopiedFile, Mount
from cosmicdeploy.stack.model.networks import Attachment, Link, Port

Condition = Literal["service_started", "service_healthy", "service_completed_successfully"]
# CPU shares of a container that gets no traffic; the default is 1024.
ISOLATED_SHARES = 128
# Beginnings of the labels by which Traefik, and Caddy with its plugin for Docker, find containers.
ROUTING_PREFIXES = ("traefik.", "caddy")
NOT_ROUTED = {"traefik.enable": "false"}


@dataclass(frozen=True, kw_only=True)
class Healthcheck:
    """A health check; times are in seconds.

    `test` is as in the engine's API: ["CMD", …], ["CMD-SHELL", …] or ["NONE"].
    """

    test: tuple[str, ...] = ()
    interval: float | None = None
    timeout: float | None = None
    start_period: float | None = None
    start_interval: float | None = None
    retries: int | None = None


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """The dependency of a service on another service, as in `depends_on`.

    The service starts once the other service meets the `condition`. With `restart`, the service is
    restarted whenever an operator restarts or replaces the other one. Without `required`, the
    service starts even if the other one cannot start.
    """

    condition: Condition = "service_started"
    restart: bool = False
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service of the compose file. None and empty values mean the image's or engine's default.

    `container_name` is the name of the existing container, or of the container to create;
    `declared_name` is the `container_name` in the file. `declares_image` is True if the file names
    an image. `pull_policy` is always, never, build, missing, or how often to ask the registry
    (daily, weekly, every_12h). `network_mode`, `ipc` and `pid` may name a service (`service:db`),
    and so may `volumes_from` (`db:ro`). `expose` has entries such as "53/udp". Sizes are in bytes,
    times in seconds.

    `replicas` is how many containers the file declares. If there are several, each of them has a
    `Service` of its own, with the name `SERVICE.NUMBER` and its number as `replica` (see
    `stack/replicas.py`).
    """

    name: str
    container_name: str
    image: str
    declared_name: str | None = None
    declares_image: bool = True
    build: Build | None = None
    pull_policy: str | None = None
    platform: str | None = None
    deploy: Deploy = field(default_factory=Deploy)
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    working_dir: str | None = None
    hostname: str | None = None
    domainname: str | None = None
    mac_address: str | None = None
    ports: tuple[Port, ...] = ()
    expose: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    copied_files: tuple[CopiedFile, ...] = ()
    volumes_from: tuple[str, ...] = ()
    network_mode: str | None = None
    networks: tuple[Attachment, ...] = ()
    links: tuple[Link, ...] = ()
    depends_on: Mapping[str, Dependency] = field(default_factory=dict)
    healthcheck: Healthcheck | None = None
    restart: str = "no"
    stop_signal: str | None = None
    stop_grace_period: float = 10.0
    post_start: tuple[Hook, ...] = ()
    pre_stop: tuple[Hook, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
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
    dns_search: tuple[str, ...] = ()
    dns_opt: tuple[str, ...] = ()
    group_add: tuple[str, ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict)
    ulimits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    ipc: str | None = None
    pid: str | None = None
    uts: str | None = None
    userns_mode: str | None = None
    cgroup: str | None = None
    cgroup_parent: str | None = None
    runtime: str | None = None
    storage_opt: Mapping[str, str] = field(default_factory=dict)
    devices: tuple[Device, ...] = ()
    device_cgroup_rules: tuple[str, ...] = ()
    shm_size: int | None = None
    mem_limit: int | None = None
    mem_reservation: int | None = None
    memswap_limit: int | None = None
    mem_swappiness: int | None = None
    oom_kill_disable: bool = False
    oom_score_adj: int | None = None
    device_requests: tuple[DeviceRequest, ...] = ()
    block_io: BlockIo | None = None
    cpus: float | None = None
    cpuset: str | None = None
    cpu_shares: int | None = None
    cpu_period: int | None = None
    cpu_quota: int | None = None
    cpu_rt_period: int | None = None
    cpu_rt_runtime: int | None = None
    pids_limit: int | None = None
    replicas: int = 1
    replica: int | None = None

    @property
    def compose_name(self) -> str:
        """The service's name in the compose file, which its replicas share."""
        return self.name if self.replica is None else self.name.removesuffix(f".{self.replica}")

    @property
    def number(self) -> int:
        """The number that Compose gives the container, counted from 1."""
        return self.replica or 1

    @property
    def shared_network(self) -> str:
        """The host, service or container whose network the containers use; "" if each has its own.

        Two containers in one network namespace cannot listen on the same port.
        """
        mode = self.network_mode or ""
        kind, _, name = mode.partition(":")
        if mode == "host":
            return "the host"
        return name if kind in ("service", "container") else ""

    def isolated(self) -> Service:
        """Return the service for a separate container that gets no traffic.

        That container has no ports, no fixed address, no alias, few CPU shares, and no labels by
        which a load balancer would send it requests. The engine never restarts it.
        """
        return replace(
            self,
            networks=tuple(map(_without_identity, self.networks)),
            mac_address=None,
            ports=(),
            labels=_without_routes(self.labels),
            restart="no",
            cpu_shares=min(self.cpu_shares or ISOLATED_SHARES, ISOLATED_SHARES),
        )


def _without_routes(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels without those that a load balancer reads at the engine.

    Traefik may also send requests to containers without labels, unless a label forbids it.
    """
    kept = {key: labels[key] for key in labels if not key.lower().startswith(ROUTING_PREFIXES)}
    return {**kept, **NOT_ROUTED}


def _without_identity(attachment: Attachment) -> Attachment:
    return replace(
        attachment,
        aliases=(),
        ipv4_address=None,
        ipv6_address=None,
        link_local_ips=(),
        mac_address=None,
    )
