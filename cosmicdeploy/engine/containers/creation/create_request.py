"""Turn a service into the body of `POST /containers/create`.

A container is created from the compose file, never cloned from a running container: a clone would
keep the old image's defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosmicdeploy.engine.containers.creation.endpoints import (
    ALL_NETWORKS_AT_ONCE,
    endpoints,
    only_mac_address,
)
from cosmicdeploy.engine.containers.creation.host_config import NANOSECONDS, host_config
from cosmicdeploy.engine.containers.creation.requested_mounts import anonymous_volumes
from cosmicdeploy.stack.model import Healthcheck, Service

Json = dict[str, Any]
ApiVersion = tuple[int, int]


def container_body(
    service: Service,
    image: str,
    labels: Mapping[str, str],
    volumes: Mapping[str, str],
    api_version: ApiVersion = ALL_NETWORKS_AT_ONCE,
) -> Json:
    """Return the body of the request that creates a container of the service.

    `volumes` maps mount targets to the predecessor's anonymous volumes, which the container
    inherits. References to other services must be resolved (`references.py`).
    """
    body: Json = {
        "Image": image,
        "Labels": {**service.labels, **labels},
        "Env": [f"{name}={value}" for name, value in service.environment.items()],
        "ExposedPorts": _exposed(service),
        "StopTimeout": round(service.stop_grace_period),
        "Tty": service.tty,
        "OpenStdin": service.stdin_open,
        "Volumes": anonymous_volumes(service),
        "HostConfig": host_config(service, volumes),
        "NetworkingConfig": {"EndpointsConfig": endpoints(service, api_version)},
    }
    body.update(_overrides(service))
    if api_version < ALL_NETWORKS_AT_ONCE and (address := only_mac_address(service)):
        body["MacAddress"] = address
    return body


def _overrides(service: Service) -> Json:
    """Return only what the compose file declares: an absent key keeps the image's default."""
    declared: Json = {
        "Cmd": _list(service.command),
        "Entrypoint": _list(service.entrypoint),
        "User": service.user,
        "WorkingDir": service.working_dir,
        "Hostname": service.hostname,
        "Domainname": service.domainname,
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
        "StartInterval": check.start_interval,
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
    return ports | {port: {} for port in service.expose}
