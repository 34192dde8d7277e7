"""The digest of a service's definition."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.stack.model import Attachment, Build, Healthcheck, Mount, Port, Service
from cosmicdeploy.stack.service_digest import digest

pytestmark = pytest.mark.unit

PLAIN = Service(name="web", container_name="web-1", image="web:1")
CHANGED: dict[str, Any] = {
    "name": "x", "container_name": "x", "image": "web:2", "command": ("a",), "entrypoint": (),
    "environment": {"A": "hunter2"}, "user": "33", "working_dir": "/", "hostname": "h",
    "ports": (Port(target=80),), "expose": (80,), "restart": "always", "stop_signal": "SIGINT",
    "mounts": (Mount(type="bind", source="/a", target="/b"),), "labels": {"a": "b"},
    "networks": (Attachment(network="n"),), "healthcheck": Healthcheck(), "log_driver": "local",
    "stop_grace_period": 3.0, "log_options": {"a": "b"}, "init": True, "read_only": True,
    "privileged": True, "tty": True, "stdin_open": True, "cap_add": ("A",), "cap_drop": ("A",),
    "security_opt": ("a",), "extra_hosts": {"a": "b"}, "dns": ("1.1.1.1",), "group_add": ("1",),
    "sysctls": {"a": "b"}, "ulimits": {"nofile": (1, 2)}, "shm_size": 1, "mem_limit": 1,
    "cpus": 1.0, "cpu_shares": 1, "pids_limit": 1,
}  # fmt: skip


def test_the_digest_depends_on_every_field_of_a_container() -> None:
    not_of_the_container = {"build", "depends_on", "declared_name", "declares_image", "pull_policy"}
    names = {field.name for field in fields(Service)} - not_of_the_container
    assert names == set(CHANGED), "a field of Service is missing in this test"
    for name, value in CHANGED.items():
        changed = replace(PLAIN, **{name: value})
        assert digest(changed) != digest(PLAIN), name


def test_the_digest_ignores_build_and_dependencies() -> None:
    changed = replace(
        PLAIN,
        build=Build(context=Path("/x")),
        pull_policy="always",
        depends_on={"db": "service_started"},
    )
    assert digest(changed) == digest(PLAIN)


def test_the_digest_ignores_the_order_of_a_mapping() -> None:
    first, second = ({"A": "1", "B": "2"}, {"B": "2", "A": "1"})
    assert digest(replace(PLAIN, environment=first)) == digest(replace(PLAIN, environment=second))


def test_the_digest_is_the_same_in_every_process() -> None:
    service = replace(PLAIN, environment={"PASSWORD": "hunter2"})
    assert digest(service) == "b3efeaf92982805782ed08acfadf975ac104c6a159873ed716dab0f632d3b1ad"
