"""The supported keys of a compose file; all others are refused by name, before any change."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import Document
from cosmicdeploy.stack.compose_value import ComposeValue
from cosmicdeploy.text.suggest import did_you_mean

TOP_LEVEL = ("configs", "name", "networks", "secrets", "services", "version", "volumes")

SERVICE = (
    "build", "cap_add", "cap_drop", "command", "container_name", "cpu_shares", "cpus",
    "depends_on", "deploy", "dns", "entrypoint", "env_file", "environment", "expose",
    "extra_hosts", "group_add", "healthcheck", "hostname", "image", "init", "labels", "logging",
    "mem_limit", "networks", "pids_limit", "ports", "privileged", "profiles", "read_only",
    "restart", "scale", "security_opt", "shm_size", "stdin_open", "stop_grace_period",
    "stop_signal", "sysctls", "tmpfs", "tty", "ulimits", "user", "volumes", "working_dir",
)  # fmt: skip

_REFUSED_TOP_LEVEL = {
    "models": "remove it",
}

_REFUSED_SERVICE = {
    "configs": "mount a file as a volume instead",
    "external_links": "join the other stack's network as an external one",
    "links": "services of one network find each other by name: remove it",
    "network_mode": "declare a network and list it under 'networks'",
    "secrets": "pass secrets as variables from the environment or .env",
    "volumes_from": "list the same volumes in both services",
}

_REFUSED_WITHOUT_ADVICE = (
    "annotations", "attach", "blkio_config", "cgroup", "cgroup_parent", "cpu_count", "cpu_percent",
    "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpuset",
    "credential_spec", "develop", "device_cgroup_rules", "devices", "dns_opt", "dns_search",
    "domainname", "gpus", "ipc", "isolation", "label_file", "mac_address", "mem_reservation",
    "mem_swappiness", "memswap_limit", "oom_kill_disable", "oom_score_adj", "pid", "platform",
    "post_start", "pre_stop", "provider", "pull_policy", "runtime", "storage_opt", "use_api_socket",
    "userns_mode", "uts",
)  # fmt: skip


# What a file may have before Compose merges it with others, which resolves the first two.
BEFORE_MERGING = frozenset(
    ("include", "extends", *_REFUSED_TOP_LEVEL, *_REFUSED_SERVICE, *_REFUSED_WITHOUT_ADVICE)
)


def refuse_unknown_keys(document: Document, also_known: frozenset[str] = frozenset()) -> None:
    """Raise `ConfigError` for the first unsupported key, with the others as its details."""
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
        if key not in TOP_LEVEL:
            yield key, _refusal(top.child(key), key, TOP_LEVEL, _REFUSED_TOP_LEVEL)
    services = top.get("services")
    if services is not None and isinstance(services.data, dict):
        for name in _without_extensions(services):
            yield from _service_problems(services.child(name))


def _service_problems(service: ComposeValue) -> Iterator[tuple[str, ConfigError]]:
    if isinstance(service.data, dict):
        refused = {**dict.fromkeys(_REFUSED_WITHOUT_ADVICE, "remove it"), **_REFUSED_SERVICE}
        for key in _without_extensions(service):
            if key not in SERVICE:
                yield key, _refusal(service.child(key), key, SERVICE, refused)


def _without_extensions(entry: ComposeValue) -> list[str]:
    return [key for key in entry.data if not key.startswith("x-")]


def _refusal(
    entry: ComposeValue, key: str, supported: tuple[str, ...], refused: dict[str, str]
) -> ConfigError:
    if key in refused:
        return entry.error("is not supported", refused[key])
    allowed = f"use one of: {', '.join(supported)}; or name it 'x-…'"
    return entry.error("is not a known key", did_you_mean(key, supported) or allowed)
