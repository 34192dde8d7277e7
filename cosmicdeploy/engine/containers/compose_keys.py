"""Flatten a container's configuration to the compose file's keys, one entry per nested key.

Both the request that creates a container and the engine's report of a container can be flattened,
and so compared. A default value has no entry.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cosmicdeploy.engine import labels

Json = Mapping[str, Any]
Keys = dict[str, str]
NANOSECONDS = 1_000_000_000  # per second
# The engine's defaults.
DEFAULT_STOP_SIGNAL, DEFAULT_STOP_SECONDS = "SIGTERM", 10


def compose_keys(config: Json, host: Json) -> Keys:
    """Return all keys except mounts and networks, from a container's `Config` and `HostConfig`."""
    plain = {**_process(config), **_limits(host), **_switches(config, host), **_other_keys(host)}
    return {
        **{key: value for key, value in plain.items() if value},
        **_environment(config),
        **_nested("labels", _own_labels(config)),
        **_healthcheck(config.get("Healthcheck") or {}),
        **_ports(config, host),
        **_privileges(host),
        **_nested("logging.options", (host.get("LogConfig") or {}).get("Config") or {}),
        **_nested("sysctls", host.get("Sysctls") or {}),
    }


def _nested(key: str, values: Mapping[str, str]) -> Keys:
    return {f"{key}.{name}": value for name, value in values.items()}


def _members(key: str, names: Iterable[str]) -> Keys:
    """Return the entries of a list, without values."""
    return {f"{key}.{name}": "" for name in names}


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
        "stop_signal": signal if signal != DEFAULT_STOP_SIGNAL else None,
        "stop_grace_period": f"{grace}s" if grace != DEFAULT_STOP_SECONDS else None,
    }


def _as_json(words: list[str] | None) -> str | None:
    return json.dumps(words) if words else None


def _limits(host: Json) -> dict[str, str | None]:
    cpus, pids = host.get("NanoCpus") or 0, host.get("PidsLimit") or 0
    shares = host.get("CpuShares") or 0
    return {
        "mem_limit": _size(host.get("Memory") or 0),
        "shm_size": _size(host.get("ShmSize") or 0),
        # Rounded, since Compose computes in single precision.
        "cpus": f"{round(cpus / NANOSECONDS, 4):g}" if cpus else None,
        "cpu_shares": str(shares) if shares else None,
        "pids_limit": str(pids) if pids > 0 else None,
    }


def _size(count: int) -> str | None:
    """Format a size as in a compose file: "512m"."""
    for unit, power in (("g", 3), ("m", 2), ("k", 1)):
        if count and count % 1024**power == 0:
            return f"{count // 1024**power}{unit}"
    return str(count) if count else None


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
        "logging.driver": (host.get("LogConfig") or {}).get("Type"),
    }


def _environment(config: Json) -> Keys:
    pairs = (entry.partition("=") for entry in config.get("Env") or [])
    return {f"environment.{name}": value for name, mark, value in pairs if mark}


def _own_labels(config: Json) -> Mapping[str, str]:
    all_labels = config.get("Labels") or {}
    return {key: all_labels[key] for key in all_labels if not key.startswith(labels.PREFIXES)}


def _healthcheck(check: Json) -> Keys:
    test = check.get("Test") or []
    if test[:1] == ["NONE"]:
        return {"healthcheck.test": "NONE"}
    times = {"interval": "Interval", "timeout": "Timeout", "start_period": "StartPeriod"}
    keys = {
        key: f"{check[name] / NANOSECONDS:g}s" for key, name in times.items() if check.get(name)
    }
    if test:
        keys["test"] = json.dumps(test)
    if check.get("Retries"):
        keys["retries"] = str(check["Retries"])
    return _nested("healthcheck", keys)


def _ports(config: Json, host: Json) -> Keys:
    bindings = host.get("PortBindings") or {}
    published = {
        port: ", ".join(sorted(_address(binding) for binding in published_at or []))
        for port, published_at in bindings.items()
    }
    # A published port is also exposed: list it once. "80" means "80/tcp".
    exposed = (port if "/" in port else f"{port}/tcp" for port in config.get("ExposedPorts") or {})
    return {
        **_nested("ports", published),
        **_members("expose", (port for port in exposed if port not in bindings)),
    }


def _address(binding: Json) -> str:
    return ":".join(part for part in (binding.get("HostIp"), binding.get("HostPort")) if part)


def _privileges(host: Json) -> Keys:
    ulimits = host.get("Ulimits") or []
    return {
        **_members("cap_add", map(_capability, host.get("CapAdd") or [])),
        **_members("cap_drop", map(_capability, host.get("CapDrop") or [])),
        **_members("security_opt", _security(host)),
        **_members("group_add", host.get("GroupAdd") or []),
        **_nested("extra_hosts", _extra_hosts(host)),
        **_nested(
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
    # The engine adds this option to every privileged container.
    added = "label=disable" if host.get("Privileged") else None
    return [option for option in options if option != added]
