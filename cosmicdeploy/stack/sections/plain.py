"""Read the keys of a service that become fields of the same name in `Service`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from cosmicdeploy.stack.sections.networking.hosts import read_hosts
from cosmicdeploy.stack.sections.networking.links import (
    NAMESPACES,
    read_namespace,
    read_volumes_from,
)
from cosmicdeploy.stack.sections.networking.networks import read_mac_address
from cosmicdeploy.stack.sections.resources.devices import read_devices
from cosmicdeploy.stack.sections.resources.resource_limits import read_ulimits
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.stack.values.units import seconds, size, size_or_unlimited

# Keys of which 0 means that they are absent, as in `shm_size: ${SHM_SIZE:-0}`.
_NONE_IF_ZERO = ("cpu_period", "cpu_quota", "cpu_shares", "memswap_limit", "shm_size")
_PULL_POLICY = re.compile(
    r"always|never|build|missing|if_not_present|daily|weekly|every_([0-9]+[wdhms])+"
)
_PLATFORM = re.compile(r"[\w.-]+(/[\w.-]+){0,2}")


def read_plain(service: ComposeValue) -> dict[str, Any]:
    """Return the fields of `Service` for the keys that the service sets."""
    given = {key: service.get(key) for key in READERS}
    found = {key: READERS[key](item) for key, item in given.items() if item is not None}
    return {key: value for key, value in found.items() if value != 0 or key not in _NONE_IF_ZERO}


def _pull_policy(entry: ComposeValue) -> str:
    word = entry.text()
    if not _PULL_POLICY.fullmatch(word):
        raise entry.error(
            f"'{word}' is not supported",
            "use always, never, missing, build, daily, weekly or every_<duration>, as in every_12h",
        )
    return "missing" if word == "if_not_present" else word


def _platform(entry: ComposeValue) -> str:
    word = entry.text()
    if not _PLATFORM.fullmatch(word):
        raise entry.error(f"'{word}' is not a platform", "write for example linux/amd64")
    return word


def _between(low: int, high: int) -> Callable[[ComposeValue], int]:
    def read(entry: ComposeValue) -> int:
        if not low <= entry.integer() <= high:
            raise entry.error(f"is {entry.integer()}", f"use a number from {low} to {high}")
        return entry.integer()

    return read


READERS: Mapping[str, Callable[[ComposeValue], Any]] = {
    **dict.fromkeys(
        (
            "cgroup_parent", "cpuset", "domainname", "hostname", "runtime", "stop_signal", "user",
            "working_dir",
        ),
        ComposeValue.text,
    ),
    **dict.fromkeys(
        ("init", "oom_kill_disable", "privileged", "read_only", "stdin_open", "tty"),
        ComposeValue.flag,
    ),
    **dict.fromkeys(
        (
            "cap_add", "cap_drop", "device_cgroup_rules", "dns_opt", "dns_search", "group_add",
            "security_opt",
        ),
        ComposeValue.texts,
    ),
    **dict.fromkeys(("annotations", "storage_opt", "sysctls"), ComposeValue.filled_pairs),
    **dict.fromkeys(
        ("cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpu_shares"),
        ComposeValue.integer,
    ),
    **dict.fromkeys(NAMESPACES, read_namespace),
    "devices": read_devices,
    "dns": lambda entry: tuple(filter(None, entry.texts())),
    "extra_hosts": read_hosts,
    "mac_address": read_mac_address,
    "mem_swappiness": _between(0, 100),
    "memswap_limit": size_or_unlimited,
    "oom_score_adj": _between(-1000, 1000),
    "platform": _platform,
    "pull_policy": _pull_policy,
    "shm_size": size,
    "stop_grace_period": seconds,
    "ulimits": read_ulimits,
    "volumes_from": read_volumes_from,
}  # fmt: skip
