"""Build the `HostConfig` of a create request: limits, privileges, devices, namespaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosmicdeploy.engine.containers.creation.endpoints import link_texts
from cosmicdeploy.engine.containers.creation.requested_mounts import requested_mounts
from cosmicdeploy.stack.model import BlockIo, DeviceRequest, Service

Json = dict[str, Any]
NANOSECONDS = 1_000_000_000  # per second


def host_config(service: Service, volumes: Mapping[str, str]) -> Json:
    """Return the `HostConfig` for a container of the service.

    `volumes` maps mount targets to the anonymous volumes that the container inherits.
    """
    name, _, retries = service.restart.partition(":")
    body: Json = {
        **requested_mounts(service, volumes),
        "PortBindings": _port_bindings(service),
        "RestartPolicy": {"Name": name, "MaximumRetryCount": int(retries or 0)},
        "ExtraHosts": [
            f"{host}:{address}" for host, all_ in service.extra_hosts.items() for address in all_
        ],
        "Sysctls": dict(service.sysctls),
        "Ulimits": [
            {"Name": kind, "Soft": soft, "Hard": hard}
            for kind, (soft, hard) in service.ulimits.items()
        ],
        **_privileges(service),
        **_declared({**_namespaces(service), **_limits(service), **_block_io(service.block_io)}),
        **_devices(service),
    }
    if service.log_driver or service.log_options:
        body["LogConfig"] = {
            "Type": service.log_driver or "",  # "" is the engine's default
            "Config": dict(service.log_options),
        }
    return body


def _declared(values: Json) -> Json:
    """Return only what the compose file declares: an absent key keeps the engine's default."""
    return {key: value for key, value in values.items() if value is not None}


def _privileges(service: Service) -> Json:
    return {
        "Init": service.init,
        "ReadonlyRootfs": service.read_only,
        "Privileged": service.privileged,
        "CapAdd": list(service.cap_add),
        "CapDrop": list(service.cap_drop),
        "SecurityOpt": list(service.security_opt),
        "Dns": list(service.dns),
        "DnsSearch": list(service.dns_search),
        "DnsOptions": list(service.dns_opt),
        "GroupAdd": list(service.group_add),
    }


def _namespaces(service: Service) -> Json:
    network = service.networks[0].network if service.networks else "none"
    return {
        "NetworkMode": service.network_mode or network,
        "IpcMode": service.ipc,
        "PidMode": service.pid,
        "UTSMode": service.uts,
        "UsernsMode": service.userns_mode,
        "CgroupnsMode": service.cgroup,
        "VolumesFrom": [text.removeprefix("container:") for text in service.volumes_from] or None,
        "Links": link_texts(service.links) or None,
        "Runtime": service.runtime,
        "Annotations": dict(service.annotations) or None,
        "StorageOpt": dict(service.storage_opt) or None,
    }


def _limits(service: Service) -> Json:
    return {
        "ShmSize": service.shm_size,
        "Memory": service.mem_limit,
        "MemoryReservation": service.mem_reservation,
        "MemorySwap": service.memswap_limit,
        # As in Compose, 0 means the engine's default.
        "MemorySwappiness": service.mem_swappiness or None,
        "OomKillDisable": service.oom_kill_disable or None,
        "OomScoreAdj": service.oom_score_adj,
        "NanoCpus": None if service.cpus is None else round(service.cpus * NANOSECONDS),
        "CpusetCpus": service.cpuset,
        "CpuShares": service.cpu_shares,
        "CpuPeriod": service.cpu_period,
        "CpuQuota": service.cpu_quota,
        "CpuRealtimePeriod": service.cpu_rt_period,
        "CpuRealtimeRuntime": service.cpu_rt_runtime,
        "PidsLimit": service.pids_limit,
        "CgroupParent": service.cgroup_parent,
    }


def _block_io(limits: BlockIo | None) -> Json:
    if limits is None:
        return {}
    rates = {
        "BlkioDeviceReadBps": limits.device_read_bps,
        "BlkioDeviceReadIOps": limits.device_read_iops,
        "BlkioDeviceWriteBps": limits.device_write_bps,
        "BlkioDeviceWriteIOps": limits.device_write_iops,
    }
    weights = [{"Path": path, "Weight": weight} for path, weight in limits.weight_device.items()]
    return {
        "BlkioWeight": limits.weight,
        "BlkioWeightDevice": weights,
        **{
            name: [{"Path": path, "Rate": rate} for path, rate in by_path.items()]
            for name, by_path in rates.items()
        },
    }


def _devices(service: Service) -> Json:
    return {
        "Devices": [
            {
                "PathOnHost": device.source,
                "PathInContainer": device.target,
                "CgroupPermissions": device.permissions,
            }
            for device in service.devices
        ],
        "DeviceCgroupRules": list(service.device_cgroup_rules),
        "DeviceRequests": [_device_request(each) for each in service.device_requests],
    }


def _device_request(request: DeviceRequest) -> Json:
    return {
        "Driver": request.driver,
        "Count": request.count,
        "DeviceIDs": list(request.device_ids),
        "Capabilities": [list(request.capabilities)] if request.capabilities else [],
        "Options": dict(request.options),
    }


def _port_bindings(service: Service) -> Json:
    bindings: dict[str, list[Json]] = {}
    for port in service.ports:
        host_port = str(port.published or "")
        if port.published_end:
            host_port += f"-{port.published_end}"
        binding = {"HostIp": port.host_ip, "HostPort": host_port}
        bindings.setdefault(f"{port.target}/{port.protocol}", []).append(binding)
    return bindings
