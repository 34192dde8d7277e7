"""The digest of a service's definition."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.stack.model import (
    Attachment,
    BlockIo,
    Build,
    CopiedFile,
    Dependency,
    Deploy,
    Device,
    DeviceRequest,
    Healthcheck,
    Hook,
    Link,
    Mount,
    Port,
    RolloutSettings,
    Service,
)
from cosmicdeploy.stack.service_digest import digest

pytestmark = pytest.mark.unit

PLAIN = Service(name="web", container_name="web-1", image="web:1")
CHANGED: dict[str, Any] = {
    "name": "x", "container_name": "x", "image": "web:2", "command": ("a",), "entrypoint": (),
    "environment": {"A": "hunter2"}, "user": "33", "working_dir": "/", "hostname": "h",
    "ports": (Port(target=80),), "expose": ("80/tcp",), "restart": "always",
    "stop_signal": "SIGINT",
    "mounts": (Mount(type="bind", source="/a", target="/b"),), "labels": {"a": "b"},
    "networks": (Attachment(network="n"),), "healthcheck": Healthcheck(), "log_driver": "local",
    "stop_grace_period": 3.0, "log_options": {"a": "b"}, "init": True, "read_only": True,
    "privileged": True, "tty": True, "stdin_open": True, "cap_add": ("A",), "cap_drop": ("A",),
    "security_opt": ("a",), "extra_hosts": {"a": "b"}, "dns": ("1.1.1.1",), "group_add": ("1",),
    "sysctls": {"a": "b"}, "ulimits": {"nofile": (1, 2)}, "shm_size": 1, "mem_limit": 1,
    "cpus": 1.0, "cpu_shares": 1, "pids_limit": 1, "mem_reservation": 1,
    "device_requests": (DeviceRequest(count=1),), "platform": "linux/amd64",
    "copied_files": (CopiedFile(key="configs.a", target="/a", content="b"),),
    "volumes_from": ("db",), "network_mode": "host", "links": (Link(alias="a", service="db"),),
    "domainname": "d", "mac_address": "02:00:00:00:00:01", "annotations": {"a": "b"},
    "dns_search": ("d",), "dns_opt": ("o",), "ipc": "host", "pid": "host", "uts": "host",
    "userns_mode": "host", "cgroup": "host", "cgroup_parent": "/p", "runtime": "r",
    "storage_opt": {"size": "1g"}, "devices": (Device(source="/dev/a", target="/dev/b"),),
    "device_cgroup_rules": ("c 1:3 mr",), "memswap_limit": 1, "mem_swappiness": 1,
    "oom_kill_disable": True, "oom_score_adj": 1, "block_io": BlockIo(weight=10), "cpuset": "0",
    "cpu_period": 1, "cpu_quota": 1, "cpu_rt_period": 1, "cpu_rt_runtime": 1,
}  # fmt: skip


def test_the_digest_depends_on_every_field_of_a_container() -> None:
    not_of_the_container = {"build", "pull_policy", "depends_on", "deploy"}
    not_of_the_container |= {"post_start", "pre_stop", "declared_name", "declares_image"}
    not_of_the_container |= {"replica", "replicas"}
    names = {field.name for field in fields(Service)} - not_of_the_container
    assert names == set(CHANGED), "a field of Service is missing in this test"
    for name, value in CHANGED.items():
        changed = replace(PLAIN, **{name: value})
        assert digest(changed) != digest(PLAIN), name


def test_the_digest_ignores_what_is_no_part_of_a_container() -> None:
    changed = replace(
        PLAIN,
        build=Build(context=Path("/x")),
        depends_on={"db": Dependency()},
        deploy=Deploy(update=RolloutSettings(parallelism=2)),
        pull_policy="always",
        post_start=(Hook(command=("a",)),),
        pre_stop=(Hook(command=("a",)),),
        replicas=3,
        replica=2,
    )
    assert digest(changed) == digest(PLAIN)


def test_the_digest_ignores_the_order_of_a_mapping() -> None:
    first, second = ({"A": "1", "B": "2"}, {"B": "2", "A": "1"})
    assert digest(replace(PLAIN, environment=first)) == digest(replace(PLAIN, environment=second))


def test_the_digest_is_the_same_in_every_process() -> None:
    service = replace(PLAIN, environment={"PASSWORD": "hunter2"})
    assert digest(service) == "e94041776a8fb5bb3d914408691f91b8c20d25fe8ffd11ad155d4142e656f333"
