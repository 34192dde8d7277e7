"""The supported keys of a compose file; all others are refused by name, before any change."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import Document
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.text.suggest import did_you_mean

TOP_LEVEL = ("configs", "name", "networks", "secrets", "services", "version", "volumes")

# `attach` and `develop` have no effect here: only `docker compose up` and `watch` use them.
SERVICE = (
    "annotations", "attach", "blkio_config", "build", "cap_add", "cap_drop", "cgroup",
    "cgroup_parent", "command", "configs", "container_name", "cpu_period", "cpu_quota",
    "cpu_rt_period", "cpu_rt_runtime", "cpu_shares", "cpus", "cpuset", "depends_on", "deploy",
    "develop", "device_cgroup_rules", "devices", "dns", "dns_opt", "dns_search", "domainname",
    "entrypoint", "env_file", "environment", "expose", "external_links", "extra_hosts", "gpus",
    "group_add", "healthcheck", "hostname", "image", "init", "ipc", "label_file", "labels",
    "links", "logging", "mac_address", "mem_limit", "mem_reservation", "mem_swappiness",
    "memswap_limit", "network_mode", "networks", "oom_kill_disable", "oom_score_adj", "pid",
    "pids_limit", "platform", "ports", "post_start", "pre_stop", "privileged", "profiles",
    "pull_policy", "read_only", "restart", "runtime", "scale", "secrets", "security_opt",
    "shm_size", "stdin_open", "stop_grace_period", "stop_signal", "storage_opt", "sysctls",
    "tmpfs", "tty", "ulimits", "user", "userns_mode", "uts", "volumes", "volumes_from",
    "working_dir",
)  # fmt: skip

_REFUSED_TOP_LEVEL = {
    "models": "remove it",
}

# Unsupported key → what to do instead. docs/compose.md has the reason for each.
_REFUSED_SERVICE = {
    "cpu_count": "it is for Windows only: use cpus",
    "cpu_percent": "it is for Windows only: use cpus",
    "credential_spec": "it is for Windows only: remove it",
    "isolation": "it is for Windows only: remove it",
    "models": "pass the model's address as a variable",
    "pre_start": "run it in an entrypoint, or as a service of its own",
    "provider": "declare the service itself, or remove it",
    "pull_refresh_after": "use pull_policy: every_<duration>",
    "use_api_socket": "mount /var/run/docker.sock as a volume",
    "volume_driver": "declare the volume with a 'driver' under the top-level 'volumes'",
}


# Further keys that a file may have before Compose merges the files: Compose resolves `include` and
# `extends`, and may remove the others by `!reset`.
BEFORE_MERGING = frozenset(("include", "extends", *_REFUSED_TOP_LEVEL, *_REFUSED_SERVICE))


def refuse_unknown_keys(document: Document, also_known: frozenset[str] = frozenset()) -> None:
    """Raise `ConfigError` for the first unsupported key, with the others as its details.

    Keys in `also_known` are accepted too.
    """
    top = ComposeValue(document, (), document.data)
    errors = [error for key, error in _problems(top) if key not in also_known]
    if errors:
        first, *others = errors
        raise ConfigError(
            first.what, where=first.where, todo=first.todo, details=[str(other) for other in others]
        )


def _problems(top: ComposeValue) -> Iterator[tuple[str, ConfigError]]:
    """Yield each unsupported key with the error about it."""
    for key in _without_extensions(top):
        is_empty_include = key == "include" and not top.data[key]
        if key not in TOP_LEVEL and not is_empty_include:
            yield key, _refusal(top.child(key), key, TOP_LEVEL, _REFUSED_TOP_LEVEL)
    services = top.get("services")
    if services is not None and isinstance(services.data, dict):
        for name in _without_extensions(services):
            yield from _service_problems(services.child(name))


def _service_problems(service: ComposeValue) -> Iterator[tuple[str, ConfigError]]:
    if isinstance(service.data, dict):
        for key in _without_extensions(service):
            if key not in SERVICE:
                yield key, _refusal(service.child(key), key, SERVICE, _REFUSED_SERVICE)


def _without_extensions(entry: ComposeValue) -> list[str]:
    return [key for key in entry.data if not key.startswith("x-")]


def _refusal(
    entry: ComposeValue, key: str, supported: tuple[str, ...], refused: dict[str, str]
) -> ConfigError:
    if key in refused:
        return entry.error("is not supported", refused[key])
    allowed = f"use one of: {', '.join(supported)}; or name it 'x-…'"
    return entry.error("is not a known key", did_you_mean(key, supported) or allowed)
