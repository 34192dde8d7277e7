"""Flatten a container's configuration to the compose file's keys, one entry per nested key.

The functions flatten both the request that creates a container and the engine's report of a
container, so the two can be compared. A default value has no entry.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.comparison.resource_keys import (
    NANOSECONDS,
    members,
    nested,
    resource_keys,
)

Json = Mapping[str, Any]
Keys = dict[str, str]
# The engine's defaults; the grace period is in seconds.
DEFAULT_STOP_SIGNAL, DEFAULT_STOP_SECONDS = "SIGTERM", 10


def compose_keys(config: Json, host: Json) -> Keys:
    """Return a container's keys, without mounts and networks.

    `config` and `host` are its `Config` and `HostConfig` in the engine's API.
    """
    unnested = {**_process(config), **_switches(config, host), **_other_keys(host)}
    return {
        **{key: value for key, value in unnested.items() if value},
        **resource_keys(host),
        **_environment(config),
        **nested("labels", _own_labels(config)),
        **_healthcheck(config.get("Healthcheck") or {}),
        **_ports(config, host),
        **_privileges(host),
        **nested("logging.options", (host.get("LogConfig") or {}).get("Config") or {}),
        **nested("sysctls", host.get("Sysctls") or {}),
    }


def _process(config: Json) -> dict[str, str | None]:
    signal = str(config.get("StopSignal") or DEFAULT_STOP_SIGNAL).upper()
    timeout = config.get("StopTimeout")
    grace = DEFAULT_STOP_SECONDS if timeout is None else timeout
    return {
        "image": config.get("Image"),
        "command": _as_json(config.get("Cmd")),
        "entrypoint": _as_json(config.get("Entrypoint")),
        "user": config.get("User"),
        "working_dir": config.get("WorkingDir"),
        "hostname": config.get("Hostname"),
        "domainname": config.get("Domainname"),
        "stop_signal": signal if signal != DEFAULT_STOP_SIGNAL else None,
        "stop_grace_period": f"{grace}s" if grace != DEFAULT_STOP_SECONDS else None,
    }


def _as_json(words: list[str] | None) -> str | None:
    return json.dumps(words) if words else None


def _switches(config: Json, host: Json) -> dict[str, str | None]:
    switches = {
        "tty": config.get("Tty"),
        "stdin_open": config.get("OpenStdin"),
        "init": host.get("Init"),
        "read_only": host.get("ReadonlyRootfs"),
        "privileged": host.get("Privileged"),
    }
    return {key: "true" for key, on in switches.items() if on}


def _other_keys(host: Json) -> dict[str, str | None]:
    policy = host.get("RestartPolicy") or {}
    name, count = policy.get("Name") or "no", policy.get("MaximumRetryCount")
    restart = f"{name}:{count}" if count else name
    return {
        "restart": restart if restart != "no" else None,
        "dns": ", ".join(host.get("Dns") or []),
        "dns_search": ", ".join(host.get("DnsSearch") or []),
        "dns_opt": ", ".join(host.get("DnsOptions") or []),
        "logging.driver": (host.get("LogConfig") or {}).get("Type"),
    }


def _environment(config: Json) -> Keys:
    # An entry without "=" removes a variable of the image, so the container does not have it.
    pairs = (entry.partition("=") for entry in config.get("Env") or [])
    return {f"environment.{name}": value for name, equals, value in pairs if equals}


def _own_labels(config: Json) -> Mapping[str, str]:
    """Return the labels except those that Compose or the deployer adds to every container."""
    all_labels = config.get("Labels") or {}
    return {key: all_labels[key] for key in all_labels if not key.startswith(labels.PREFIXES)}


def _healthcheck(check: Json) -> Keys:
    test = check.get("Test") or []
    if test[:1] == ["NONE"]:
        return {"healthcheck.test": "NONE"}
    times = {
        "interval": "Interval",
        "timeout": "Timeout",
        "start_period": "StartPeriod",
        "start_interval": "StartInterval",
    }
    keys = {
        key: f"{check[name] / NANOSECONDS:g}s" for key, name in times.items() if check.get(name)
    }
    if test:
        keys["test"] = json.dumps(test)
    if check.get("Retries"):
        keys["retries"] = str(check["Retries"])
    return nested("healthcheck", keys)


def _ports(config: Json, host: Json) -> Keys:
    bindings = host.get("PortBindings") or {}
    published = {
        port: ", ".join(sorted(_address(binding) for binding in published_at or []))
        for port, published_at in bindings.items()
    }
    # A published port is also exposed; it is listed only once. "80" means "80/tcp".
    exposed = (port if "/" in port else f"{port}/tcp" for port in config.get("ExposedPorts") or {})
    return {
        **nested("ports", published),
        **members("expose", (port for port in exposed if port not in bindings)),
    }


def _address(binding: Json) -> str:
    return ":".join(part for part in (binding.get("HostIp"), binding.get("HostPort")) if part)


def _privileges(host: Json) -> Keys:
    ulimits = host.get("Ulimits") or []
    return {
        **members("cap_add", map(_capability, host.get("CapAdd") or [])),
        **members("cap_drop", map(_capability, host.get("CapDrop") or [])),
        **members("security_opt", _security(host)),
        **members("group_add", host.get("GroupAdd") or []),
        **nested("extra_hosts", _extra_hosts(host)),
        **members("volumes_from", sorted(host.get("VolumesFrom") or [])),
        **nested(
            "ulimits", {limit["Name"]: f"{limit['Soft']}:{limit['Hard']}" for limit in ulimits}
        ),
    }


def _extra_hosts(host: Json) -> dict[str, str]:
    addresses: dict[str, list[str]] = {}
    for entry in host.get("ExtraHosts") or []:
        name, _, address = entry.partition(":")
        addresses.setdefault(name, []).append(address)
    return {name: ", ".join(sorted(each)) for name, each in addresses.items()}


def _capability(name: str) -> str:
    return name.upper().removeprefix("CAP_")


def _security(host: Json) -> list[str]:
    options = [
        option if "=" in option else option.replace(":", "=", 1)
        for option in host.get("SecurityOpt") or []
    ]
    # The engine adds label=disable to containers that are privileged, or that share the host's
    # process or IPC namespace.
    is_open = host.get("Privileged") or "host" in (host.get("PidMode"), host.get("IpcMode"))
    added = "label=disable" if is_open else None
    return [option for option in options if option != added]
