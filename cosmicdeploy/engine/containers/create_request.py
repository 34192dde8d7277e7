"""Turn a service into the body of `POST /containers/create`.

A container is created from the compose file, never cloned from a running one: a clone would keep
the old image's defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosmicdeploy.stack.model import Attachment, Healthcheck, Mount, Service

Json = dict[str, Any]
NANOSECONDS = 1_000_000_000  # per second


def container_body(
    service: Service, image: str, labels: Mapping[str, str], volumes: Mapping[str, str]
) -> Json:
    """Return the body; `volumes` (target → name) are anonymous volumes of the predecessor."""
    body: Json = {
        "Image": image,
        "Labels": {**service.labels, **labels},
        "Env": [f"{name}={value}" for name, value in service.environment.items()],
        "ExposedPorts": _exposed(service),
        "StopTimeout": round(service.stop_grace_period),
        "Tty": service.tty,
        "OpenStdin": service.stdin_open,
        "Volumes": {m.target: {} for m in service.mounts if m.type == "volume" and not m.source},
        "HostConfig": _host_config(service, volumes),
        "NetworkingConfig": {"EndpointsConfig": _first_endpoint(service)},
    }
    body.update(_overrides(service))
    return body


def _overrides(service: Service) -> Json:
    """Return only what the compose file declares: an absent key keeps the image's default."""
    declared: Json = {
        "Cmd": _list(service.command),
        "Entrypoint": _list(service.entrypoint),
        "User": service.user,
        "WorkingDir": service.working_dir,
        "Hostname": service.hostname,
        "StopSignal": service.stop_signal,
        "Healthcheck": _healthcheck(service.healthcheck),
    }
    return {key: value for key, value in declared.items() if value is not None}


def _list(words: tuple[str, ...] | None) -> list[str] | None:
    return None if words is None else list(words)


def _healthcheck(check: Healthcheck | None) -> Json | None:
    if check is None:
        return None
    times = {
        "Interval": check.interval,
        "Timeout": check.timeout,
        "StartPeriod": check.start_period,
    }
    body: Json = {
        key: round(value * NANOSECONDS) for key, value in times.items() if value is not None
    }
    if check.test:
        body["Test"] = list(check.test)
    if check.retries is not None:
        body["Retries"] = check.retries
    return body


def _exposed(service: Service) -> Json:
    ports: Json = {f"{port.target}/{port.protocol}": {} for port in service.ports}
    return ports | {f"{port}/tcp": {} for port in service.expose}


def _host_config(service: Service, volumes: Mapping[str, str]) -> Json:
    name, _, retries = service.restart.partition(":")
    body: Json = {
        "Binds": [*map(_bind, _bound_mounts(service)), *_kept_volumes(service, volumes)],
        "Tmpfs": {
            m.target: "ro" if m.read_only else "" for m in service.mounts if m.type == "tmpfs"
        },
        "PortBindings": _port_bindings(service),
        "RestartPolicy": {"Name": name, "MaximumRetryCount": int(retries or 0)},
        "NetworkMode": service.networks[0].network if service.networks else "none",
        "ExtraHosts": [
            f"{host}:{address}" for host, all_ in service.extra_hosts.items() for address in all_
        ],
        "Sysctls": dict(service.sysctls),
        "Ulimits": [
            {"Name": kind, "Soft": soft, "Hard": hard}
            for kind, (soft, hard) in service.ulimits.items()
        ],
        **_privileges(service),
        **_limits(service),
    }
    if service.log_driver or service.log_options:
        body["LogConfig"] = {
            "Type": service.log_driver or "",  # "" is the engine's default
            "Config": dict(service.log_options),
        }
    return body


def _privileges(service: Service) -> Json:
    return {
        "Init": service.init,
        "ReadonlyRootfs": service.read_only,
        "Privileged": service.privileged,
        "CapAdd": list(service.cap_add),
        "CapDrop": list(service.cap_drop),
        "SecurityOpt": list(service.security_opt),
        "Dns": list(service.dns),
        "GroupAdd": list(service.group_add),
    }


def _limits(service: Service) -> Json:
    declared = {
        "ShmSize": service.shm_size,
        "Memory": service.mem_limit,
        "NanoCpus": None if service.cpus is None else round(service.cpus * NANOSECONDS),
        "CpuShares": service.cpu_shares,
        "PidsLimit": service.pids_limit,
    }
    return {key: value for key, value in declared.items() if value is not None}


def _bound_mounts(service: Service) -> list[Mount]:
    return [m for m in service.mounts if m.type != "tmpfs" and m.source]


def _bind(mount: Mount) -> str:
    return f"{mount.source}:{mount.target}:{'ro' if mount.read_only else 'rw'}"


def _kept_volumes(service: Service, volumes: Mapping[str, str]) -> list[str]:
    declared = {m.target for m in _bound_mounts(service)}
    return [
        f"{name}:{target}:rw" for target, name in sorted(volumes.items()) if target not in declared
    ]


def _port_bindings(service: Service) -> Json:
    bindings: dict[str, list[Json]] = {}
    for port in service.ports:
        binding = {"HostIp": port.host_ip, "HostPort": str(port.published or "")}
        bindings.setdefault(f"{port.target}/{port.protocol}", []).append(binding)
    return bindings


def endpoint(attachment: Attachment) -> Json:
    """Return the entry of `EndpointsConfig` for a network."""
    body: Json = {"Aliases": list(attachment.aliases)}
    if attachment.ipv4_address:
        body["IPAMConfig"] = {"IPv4Address": attachment.ipv4_address}
    return body


def _first_endpoint(service: Service) -> Json:
    # Before API 1.44 the engine accepts one network here; the others are connected afterwards.
    return {a.network: endpoint(a) for a in service.networks[:1]}
