"""Flatten limits, devices and namespaces of a container to the compose file's keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Json = Mapping[str, Any]
Keys = dict[str, str]
NANOSECONDS = 1_000_000_000  # per second


def resource_keys(host: Json) -> Keys:
    """Return the keys of a container's limits, devices and namespaces, from its `HostConfig`.

    A default value has no entry.
    """
    unnested = {**_memory(host), **_processor(host), **_namespaces(host)}
    return {
        **{key: value for key, value in unnested.items() if value},
        **_block_io(host),
        **_devices(host),
        **_device_requests(host),
        **nested("storage_opt", host.get("StorageOpt") or {}),
        **nested("annotations", host.get("Annotations") or {}),
    }


def nested(key: str, values: Mapping[str, str]) -> Keys:
    """Return an entry `KEY.NAME` for each value of a mapping."""
    return {f"{key}.{name}": value for name, value in values.items()}


def members(key: str, names: Iterable[str]) -> Keys:
    """Return an entry `KEY.NAME` with an empty value for each name of a list."""
    return {f"{key}.{name}": "" for name in names}


def _memory(host: Json) -> dict[str, str | None]:
    memory, swap = host.get("Memory") or 0, host.get("MemorySwap") or 0
    swappiness, score = host.get("MemorySwappiness"), host.get("OomScoreAdj") or 0
    return {
        "mem_limit": size_text(memory),
        "mem_reservation": size_text(host.get("MemoryReservation") or 0),
        # The engine's default is twice `mem_limit`.
        "memswap_limit": size_text(swap) if swap != 2 * memory else None,
        "mem_swappiness": str(swappiness) if swappiness and swappiness > 0 else None,
        "shm_size": size_text(host.get("ShmSize") or 0),
        "oom_kill_disable": "true" if host.get("OomKillDisable") else None,
        "oom_score_adj": str(score) if score else None,
    }


def size_text(count: int) -> str | None:
    """Format a number of bytes as in a compose file, such as "512m"; None for 0."""
    for unit, power in (("g", 3), ("m", 2), ("k", 1)):
        if count and count % 1024**power == 0:
            return f"{count // 1024**power}{unit}"
    return str(count) if count else None


def _processor(host: Json) -> dict[str, str | None]:
    cpus, pids = host.get("NanoCpus") or 0, host.get("PidsLimit") or 0
    numbers = {
        "cpu_shares": host.get("CpuShares"),
        "cpu_period": host.get("CpuPeriod"),
        "cpu_quota": host.get("CpuQuota"),
        "cpu_rt_period": host.get("CpuRealtimePeriod"),
        "cpu_rt_runtime": host.get("CpuRealtimeRuntime"),
        "pids_limit": pids if pids > 0 else None,
    }
    return {
        # Rounded, since Compose computes with single-precision numbers.
        "cpus": f"{round(cpus / NANOSECONDS, 4):g}" if cpus else None,
        "cpuset": host.get("CpusetCpus"),
        **{key: str(value) if value else None for key, value in numbers.items()},
    }


def _namespaces(host: Json) -> dict[str, str | None]:
    return {
        "ipc": host.get("IpcMode"),
        "pid": host.get("PidMode"),
        "uts": host.get("UTSMode"),
        "userns_mode": host.get("UsernsMode"),
        "cgroup": host.get("CgroupnsMode"),
        "cgroup_parent": host.get("CgroupParent"),
        "runtime": host.get("Runtime"),
    }


def _block_io(host: Json) -> Keys:
    names = {
        "device_read_bps": "BlkioDeviceReadBps",
        "device_read_iops": "BlkioDeviceReadIOps",
        "device_write_bps": "BlkioDeviceWriteBps",
        "device_write_iops": "BlkioDeviceWriteIOps",
        "weight_device": "BlkioWeightDevice",
    }
    keys = {"blkio_config.weight": str(host["BlkioWeight"])} if host.get("BlkioWeight") else {}
    for name, of_engine in names.items():
        for limit in host.get(of_engine) or []:
            value = limit.get("Rate", limit.get("Weight"))
            keys[f"blkio_config.{name}.{limit['Path']}"] = str(value)
    return keys


def _devices(host: Json) -> Keys:
    devices = {
        device["PathInContainer"]: f"{device['PathOnHost']}:{device['CgroupPermissions']}"
        for device in host.get("Devices") or []
    }
    return {
        **nested("devices", devices),
        **members("device_cgroup_rules", host.get("DeviceCgroupRules") or []),
    }


def _device_requests(host: Json) -> Keys:
    requests: dict[str, list[str]] = {}
    for request in host.get("DeviceRequests") or []:
        capabilities = [sorted(set(each)) for each in request.get("Capabilities") or [] if each]
        key = "gpus" if any("gpu" in each for each in capabilities) else "devices"
        values = {**request, "Capabilities": capabilities}
        filled = {name: value for name, value in sorted(values.items()) if value}
        requests.setdefault(key, []).append(json.dumps(filled))
    return {key: ", ".join(sorted(each)) for key, each in requests.items()}
