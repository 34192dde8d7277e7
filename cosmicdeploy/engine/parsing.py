"""Parse the engine API's JSON into `Container` and `Image`."""

from __future__ import annotations

import re
from typing import Any

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.facts import Container, HealthTimes, Image

Json = dict[str, Any]
# The engine's default, for a container without a `StopTimeout`.
DEFAULT_STOP_SECONDS = 10
NANOSECONDS = 1e9
# The form of the names that the engine generates for anonymous volumes.
ANONYMOUS = re.compile(r"[0-9a-f]{64}")


def parse_container(attrs: Json) -> Container:
    """Parse a container from `GET /containers/{id}/json`."""
    state, config = attrs["State"], attrs["Config"]
    own_labels = config.get("Labels") or {}
    timeout = config.get("StopTimeout")
    # After a container ends, the engine still reports its last, outdated health.
    health = state.get("Health", {}) if state["Status"] == "running" else {}
    return Container(
        id=attrs["Id"],
        name=attrs["Name"].lstrip("/"),
        service=own_labels.get(labels.SERVICE, ""),
        project=own_labels.get(labels.PROJECT, ""),
        image_id=attrs["Image"],
        image_name=config.get("Image") or "",
        status=state["Status"],
        command=(attrs.get("Path", ""), *(attrs.get("Args") or ())),
        health="" if health.get("Status") == "none" else health.get("Status", ""),
        started_at=state.get("StartedAt", ""),
        restart_count=attrs.get("RestartCount", 0),
        exit_code=state.get("ExitCode", 0),
        oom_killed=bool(state.get("OOMKilled")),
        last_probe=_last_probe(state.get("Health") or {}),
        healthcheck=_probe_command(config.get("Healthcheck") or {}),
        health_times=_health_times(config.get("Healthcheck") or {}),
        addresses=_addresses(attrs),
        networks=tuple(attrs["NetworkSettings"].get("Networks") or ()),
        published=_published(attrs),
        labels=own_labels,
        volumes=_anonymous_volumes(attrs),
        mounts=_mounts(attrs),
        stop_signal=config.get("StopSignal") or "",
        pid=state.get("Pid") or 0,
        created_at=attrs.get("Created") or "",
        volume_names=tuple(m["Name"] for m in attrs.get("Mounts") or [] if m["Type"] == "volume"),
        environment=_environment(config),
        host_ports=_host_ports(attrs),
        stop_timeout=float(DEFAULT_STOP_SECONDS if timeout is None else timeout),
    )


def parse_image(attrs: Json) -> Image:
    """Parse an image from `GET /images/{name}/json`."""
    config = attrs.get("Config") or {}
    return Image(
        id=attrs["Id"],
        tags=tuple(attrs.get("RepoTags") or ()),
        digests=tuple(attrs.get("RepoDigests") or ()),
        tagged_at=(attrs.get("Metadata") or {}).get("LastTagTime") or "",
        labels=config.get("Labels") or {},
        environment=_environment(config),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
        exposed=_exposed(config),
        healthcheck=_probe_command(config.get("Healthcheck") or {}),
        user=config.get("User") or "",
        working_directory=config.get("WorkingDir") or "",
    )


def _exposed(config: Json) -> tuple[int, ...]:
    """Return the exposed TCP ports; a range such as "8000-8010/tcp" stands for its first port."""
    texts = [text.partition("/") for text in config.get("ExposedPorts") or {}]
    firsts = [port.partition("-")[0] for port, _, protocol in texts if protocol in ("", "tcp")]
    return tuple(sorted(int(port) for port in firsts if port.isdecimal()))


def _environment(config: Json) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in config.get("Env") or [])
    return {name: value for name, _, value in pairs}


def _last_probe(health: Json) -> str:
    log = health.get("Log") or []
    return str(log[-1].get("Output", "")).strip() if log else ""


def _probe_command(check: Json) -> tuple[str, ...]:
    kind, *words = check.get("Test") or ["NONE"]
    if kind == "CMD-SHELL":
        return ("/bin/sh", "-c", *words)
    return tuple(words) if kind == "CMD" else ()


def _health_times(check: Json) -> HealthTimes:
    """Return the times of a health check; 0 stands for the engine's default."""
    names = {"interval": "Interval", "timeout": "Timeout", "start_period": "StartPeriod"}
    times: Json = {name: check[key] / NANOSECONDS for name, key in names.items() if check.get(key)}
    if check.get("Retries"):
        times["retries"] = check["Retries"]
    return HealthTimes(**times)


def _addresses(attrs: Json) -> dict[str, str]:
    networks = attrs["NetworkSettings"].get("Networks") or {}
    if "host" in networks:
        return {"host": "127.0.0.1"}  # the container shares the host's addresses
    return {name: net["IPAddress"] for name, net in networks.items() if net.get("IPAddress")}


def _published(attrs: Json) -> dict[int, tuple[str, int]]:
    published: dict[int, tuple[str, int]] = {}
    for port, bindings in (attrs["NetworkSettings"].get("Ports") or {}).items():
        if bindings and port.endswith("/tcp"):
            first = bindings[0]
            published[int(port.split("/")[0])] = (first["HostIp"], int(first["HostPort"]))
    return published


def _host_ports(attrs: Json) -> tuple[tuple[str, int, str], ...]:
    ports = attrs["NetworkSettings"].get("Ports") or {}
    return tuple(
        (binding["HostIp"], int(binding["HostPort"]), port.rpartition("/")[2])
        for port, bindings in ports.items()
        for binding in bindings or ()
    )


def _mounts(attrs: Json) -> dict[str, str]:
    # The engine lists a tmpfs of Compose's short syntax in `HostConfig.Tmpfs`, not in `Mounts`.
    mounts = dict.fromkeys(attrs["HostConfig"].get("Tmpfs") or {}, "")
    for mount in attrs.get("Mounts") or []:
        mounts[mount["Destination"]] = mount["Source"] if mount["Type"] == "bind" else ""
    return mounts


def _anonymous_volumes(attrs: Json) -> dict[str, str]:
    # An anonymous volume is recognized by its generated name. `HostConfig.Binds` does not show it:
    # that lists named volumes, and also anonymous ones that were inherited from a predecessor.
    return {
        mount["Destination"]: mount["Name"]
        for mount in attrs.get("Mounts") or []
        if mount["Type"] == "volume" and ANONYMOUS.fullmatch(mount["Name"])
    }
