"""Reading the keys of a service."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cosmicdeploy.stack.model import (
    DeviceRequest,
    Healthcheck,
    Port,
    Service,
    Stack,
)

pytestmark = pytest.mark.unit

ServiceOf = Callable[..., Service]


@pytest.mark.parametrize(
    ("keys", "field", "value"),
    [
        ("", "container_name", "shop-web-1"),
        ("container_name: my.web-1", "container_name", "my.web-1"),
        ("command: php artisan 'two words'", "command", ("php", "artisan", "two words")),
        ("command: [sleep, 5]", "command", ("sleep", "5")),
        ("command: []", "command", ()),
        ("command:", "command", None),
        ('entrypoint: ""', "entrypoint", ()),
        ("entrypoint: sh -c", "entrypoint", ("sh", "-c")),
        ("user: 33", "user", "33"),
        ("user: 33:33", "user", "33:33"),
        ("working_dir: /var/www", "working_dir", "/var/www"),
        ("hostname: h", "hostname", "h"),
        ("restart: no", "restart", "no"),
        ("restart: on-failure:3", "restart", "on-failure:3"),
        ("", "restart", "no"),
        ("init: ${INIT:-true}", "init", True),
        ("privileged: false", "privileged", False),
        ("tty: true", "tty", True),
        ("stop_signal: SIGQUIT", "stop_signal", "SIGQUIT"),
        ("stop_grace_period: 1m30s", "stop_grace_period", 90.0),
        ("stop_grace_period: 500ms", "stop_grace_period", 0.5),
        ("stop_grace_period: 1h0m2.5s", "stop_grace_period", 3602.5),
        ("stop_grace_period: 0s", "stop_grace_period", 0.0),
        ("", "stop_grace_period", 10.0),
        ("cap_add: [NET_ADMIN]", "cap_add", ("NET_ADMIN",)),
        ("dns: 1.1.1.1", "dns", ("1.1.1.1",)),
        ("group_add: [33, www]", "group_add", ("33", "www")),
        ("sysctls: {net.core.somaxconn: 1024}", "sysctls", {"net.core.somaxconn": "1024"}),
        ("sysctls: [net.core.somaxconn=1024]", "sysctls", {"net.core.somaxconn": "1024"}),
        ("ulimits: {nofile: 5, core: {soft: 1, hard: 2}}", "ulimits",
         {"nofile": (5, 5), "core": (1, 2)}),
        ("mem_limit: 512m", "mem_limit", 512 * 1024**2),
        ("mem_limit: 1.5GB", "mem_limit", 1536 * 1024**2),
        ("mem_limit: 1000000", "mem_limit", 1_000_000),
        ("shm_size: 64kb", "shm_size", 65536),
        ("cpus: 1.5", "cpus", 1.5),
        ("pids_limit: 100", "pids_limit", 100),
        ("cpu_shares: 256", "cpu_shares", 256),
        ("gpus: all", "device_requests", (DeviceRequest(count=-1, capabilities=("gpu",)),)),
        ("gpus: [{driver: nvidia, count: 2, options: {a: 1}}]", "device_requests",
         (DeviceRequest(driver="nvidia", count=2, capabilities=("gpu",), options={"a": "1"}),)),
        ("gpus: [{device_ids: ['0', '1']}]", "device_requests",
         (DeviceRequest(device_ids=("0", "1"), capabilities=("gpu",)),)),
        ("mem_reservation: 1m", "mem_reservation", 1024**2),
        ("pull_policy: if_not_present", "pull_policy", "missing"),
        ("pull_policy: every_1d12h", "pull_policy", "every_1d12h"),
        ("deploy: {replicas: 1, resources: {limits: {memory: 1g}}}", "mem_limit", 1024**3),
        ("deploy: {resources: {limits: {cpus: '0.5'}}}", "cpus", 0.5),
        ("deploy: {resources: {limits: {pids: 7}}}", "pids_limit", 7),
        ("cpus: 2\ndeploy: {resources: {limits: {cpus: 2}}}", "cpus", 2.0),
        ("labels: {a: 1, b: , c: true}", "labels", {"a": "1", "b": "", "c": "true"}),
        ("labels: [a=1, b, c=d=e]", "labels", {"a": "1", "b": "", "c": "d=e"}),
        ("extra_hosts: ['db:10.0.0.1', 'v6:::1', 'e=10.0.0.2']", "extra_hosts",
         {"db": ("10.0.0.1",), "v6": ("::1",), "e": ("10.0.0.2",)}),
        ("extra_hosts: {db: 10.0.0.1}", "extra_hosts", {"db": ("10.0.0.1",)}),
        ("extra_hosts: ['db:10.0.0.1', 'db:10.0.0.2']", "extra_hosts",
         {"db": ("10.0.0.1", "10.0.0.2")}),
        ("extra_hosts: {db: [10.0.0.1, 10.0.0.2]}", "extra_hosts",
         {"db": ("10.0.0.1", "10.0.0.2")}),
        ("logging: {driver: local, options: {max-file: 3}}", "log_options", {"max-file": "3"}),
        ("logging: {driver: local}", "log_driver", "local"),
        ("expose: [80, '81', 90-91, 93/tcp, 53/udp]", "expose",
         ("80/tcp", "81/tcp", "90/tcp", "91/tcp", "93/tcp", "53/udp")),
        ("profiles: []", "name", "web"),
        ("scale: 1", "name", "web"),
        ("x-note: {extends: me}", "name", "web"),
        # environment
        ("environment: {A: 80, B: true, C: 1.5, D: '', E: yes}", "environment",
         {"A": "80", "B": "true", "C": "1.5", "D": "", "E": "yes"}),
        ("environment: [A=1, 'B=x=y', C=]", "environment", {"A": "1", "B": "x=y", "C": ""}),
        ("environment: {FROM_SHELL: , NOWHERE: }", "environment", {"FROM_SHELL": "s"}),
        ("environment: [FROM_SHELL, NOWHERE]", "environment", {"FROM_SHELL": "s"}),
        ("environment: {P: 'a$$b'}", "environment", {"P": "a$b"}),
        # dependencies on other services: see test_stack_compose.py
        ("depends_on: []", "depends_on", {}),
        # ports
        ("ports: [80]", "ports", (Port(target=80),)),
        ("ports: ['8080:80']", "ports", (Port(target=80, published=8080),)),
        ("ports: [22:22]", "ports", (Port(target=22, published=22),)),
        ("ports: ['127.0.0.1:53:53/udp']", "ports",
         (Port(target=53, published=53, host_ip="127.0.0.1", protocol="udp"),)),
        ("ports: ['127.0.0.1::80']", "ports", (Port(target=80, host_ip="127.0.0.1"),)),
        ("ports: ['[::1]:80:80']", "ports", (Port(target=80, published=80, host_ip="::1"),)),
        ("ports: ['8000-8009:80/sctp']", "ports",
         (Port(target=80, published=8000, published_end=8009, protocol="sctp"),)),
        ("ports: [{target: 80, published: 8000-8009}]", "ports",
         (Port(target=80, published=8000, published_end=8009),)),
        ("ports: ['3000-3001']", "ports", (Port(target=3000), Port(target=3001))),
        ("ports: ['9090-9091:80-81']", "ports",
         (Port(target=80, published=9090), Port(target=81, published=9091))),
        ("ports: [{target: 80, published: '8080', protocol: tcp, mode: host}]", "ports",
         (Port(target=80, published=8080),)),
        ("ports: [{target: 80, host_ip: 127.0.0.1}]", "ports",
         (Port(target=80, host_ip="127.0.0.1"),)),
        # health
        ("healthcheck: {test: curl x || exit 1, interval: 2s}", "healthcheck",
         Healthcheck(test=("CMD-SHELL", "curl x || exit 1"), interval=2.0)),
        ("healthcheck: {test: [CMD, a, 1], timeout: 1m30s, start_period: 0s, retries: 3}",
         "healthcheck",
         Healthcheck(test=("CMD", "a", "1"), timeout=90.0, start_period=0.0, retries=3)),
        ("healthcheck: {start_interval: 500ms}", "healthcheck",
         Healthcheck(start_interval=0.5)),
        ("healthcheck: {disable: true}", "healthcheck", Healthcheck(test=("NONE",))),
        ("healthcheck: {test: [NONE]}", "healthcheck", Healthcheck(test=("NONE",))),
        ("healthcheck: {retries: 5}", "healthcheck", Healthcheck(retries=5)),
        ("", "healthcheck", None),
        ("", "build", None),
    ],
)  # fmt: skip
def test_each_key_is_read(service_of: ServiceOf, keys: str, field: str, value: object) -> None:
    assert getattr(service_of(keys, FROM_SHELL="s"), field) == value


def test_the_environment_overrides_env_files(service_of: ServiceOf, tmp_path: Path) -> None:
    (tmp_path / "Shop" / "a.env").write_text("A=a\nB=a\nC=a\nD=${FROM_SHELL}\n")
    (tmp_path / "Shop" / "b.env").write_text("B=b\nC=b\n")
    keys = "env_file: [a.env, {path: b.env}, {path: no.env, required: false}]\nenvironment: [C=c]"
    assert service_of(keys, FROM_SHELL="s").environment == {
        "A": "a",
        "B": "b",
        "C": "c",
        "D": "s",
    }
    assert service_of("env_file: a.env").environment["A"] == "a"


def test_a_command_that_ends_at_an_operator_is_named_but_not_shown(
    stack_of: Callable[..., Stack],
) -> None:
    stack = stack_of(
        """
services:
  web:
    image: w
    command: serve --token=hunter2 && echo done
    entrypoint: ["a", "&&"]
  quoted: {image: w, command: sh -c "a && b"}
"""
    )
    assert stack.services["web"].command == ("serve", "--token=hunter2")
    (remark,) = stack.remarks
    assert remark.service == "web"
    assert "its command ends before the first '&'" in remark.what
    assert "compose.yml:5" in remark.what
    assert "hunter2" not in remark.what + remark.todo
