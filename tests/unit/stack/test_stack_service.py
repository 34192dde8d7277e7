"""Reading the keys of a service."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.model import (
    Attachment,
    Build,
    BuildSecret,
    Healthcheck,
    Mount,
    Port,
    Service,
    Stack,
)

pytestmark = pytest.mark.unit

ServiceOf = Callable[..., Service]


def bind(source: str, target: str, read_only: bool = False) -> Mount:
    return Mount(type="bind", source=source, target=target, read_only=read_only)


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
        ("expose: [80, '81', 90-92, 93/tcp]", "expose", (80, 81, 90, 91, 92, 93)),
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
        ("ports: ['3000-3001']", "ports", (Port(target=3000), Port(target=3001))),
        ("ports: ['9090-9091:80-81']", "ports",
         (Port(target=80, published=9090), Port(target=81, published=9091))),
        ("ports: [{target: 80, published: '8080', protocol: tcp, mode: host}]", "ports",
         (Port(target=80, published=8080),)),
        ("ports: [{target: 80, host_ip: 127.0.0.1}]", "ports",
         (Port(target=80, host_ip="127.0.0.1"),)),
        # mounts
        ("volumes: [/a/../b:/c:ro]", "mounts", (bind("/b", "/c", True),)),
        ("volumes: ['~/a:/c:rw,cached']", "mounts", (bind("/home/op/a", "/c"),)),
        ("volumes: [data:/c/]", "mounts",
         (Mount(type="volume", source="shop_data", target="/c"),)),
        ("volumes: [/c]", "mounts", (Mount(type="volume", source="", target="/c"),)),
        ("volumes: [{type: volume, source: data, target: /c, read_only: true}]", "mounts",
         (Mount(type="volume", source="shop_data", target="/c", read_only=True),)),
        ("volumes: [{type: bind, source: /a, target: /c, bind: {create_host_path: true}}]",
         "mounts", (bind("/a", "/c"),)),
        ("volumes: [{type: tmpfs, target: /t}]\ntmpfs: [/run, /tmp]", "mounts",
         tuple(Mount(type="tmpfs", source="", target=t) for t in ("/t", "/run", "/tmp"))),
        # networks
        ("", "networks", (Attachment(network="shop_default", aliases=("web",)),)),
        ("networks: []", "networks", (Attachment(network="shop_default", aliases=("web",)),)),
        ("networks: [front, back]", "networks",
         (Attachment(network="shop_front", aliases=("web",)),
          Attachment(network="real-back", aliases=("web",)))),
        ("networks: {front: , back: {aliases: [b, web, c], ipv4_address: 10.0.0.9}}", "networks",
         (Attachment(network="shop_front", aliases=("web",)),
          Attachment(network="real-back", aliases=("web", "b", "c"), ipv4_address="10.0.0.9"))),
        # health
        ("healthcheck: {test: curl x || exit 1, interval: 2s}", "healthcheck",
         Healthcheck(test=("CMD-SHELL", "curl x || exit 1"), interval=2.0)),
        ("healthcheck: {test: [CMD, a, 1], timeout: 1m30s, start_period: 0s, retries: 3}",
         "healthcheck",
         Healthcheck(test=("CMD", "a", "1"), timeout=90.0, start_period=0.0, retries=3)),
        ("healthcheck: {disable: true}", "healthcheck", Healthcheck(test=("NONE",))),
        ("healthcheck: {test: [NONE]}", "healthcheck", Healthcheck(test=("NONE",))),
        ("healthcheck: {retries: 5}", "healthcheck", Healthcheck(retries=5)),
        ("", "healthcheck", None),
        ("", "build", None),
    ],
)  # fmt: skip
def test_each_key_is_read(service_of: ServiceOf, keys: str, field: str, value: object) -> None:
    assert getattr(service_of(keys, FROM_SHELL="s"), field) == value


def test_the_keys_of_a_build_are_read(service_of: ServiceOf, tmp_path: Path) -> None:
    service = service_of(
        "build: {context: ./app, args: {A: 1, FROM_SHELL: , NO: }, target: t, labels: [a=b]}",
        FROM_SHELL="s",
    )
    assert service.build == Build(
        context=tmp_path / "Shop" / "app",
        args={"A": "1", "FROM_SHELL": "s"},
        target="t",
        labels={"a": "b"},
    )
    short = service_of("build: ../app").build
    assert short == Build(context=tmp_path / "app")


EVERY_BUILD_KEY = """
services:
  web:
    build:
      dockerfile_inline: FROM base
      additional_contexts: {base: ../base, remote: docker-image://debian}
      cache_from: [web:cache]
      cache_to: ["type=inline"]
      entitlements: [network.host]
      extra_hosts: ["a=10.0.0.1"]
      network: host
      no_cache: true
      no_cache_filter: one
      platforms: [linux/amd64]
      privileged: true
      provenance: true
      pull: true
      sbom: false
      secrets: [token, {source: word, target: key, mode: 0400}]
      shm_size: 1m
      ssh: [default, deploy=./key]
      tags: [web:other]
      ulimits: {nofile: 3}
secrets:
  token: {file: ./token.txt}
  word: {environment: WORD}
"""


def test_every_key_of_a_build_is_read(stack_of: Callable[..., Stack], tmp_path: Path) -> None:
    folder = tmp_path / "Shop"
    build = stack_of(EVERY_BUILD_KEY, WORD="hunter2").services["web"].build
    assert build == Build(
        context=folder,
        dockerfile_inline="FROM base",
        additional_contexts={"base": str(tmp_path / "base"), "remote": "docker-image://debian"},
        cache_from=("web:cache",),
        cache_to=("type=inline",),
        entitlements=("network.host",),
        extra_hosts={"a": ("10.0.0.1",)},
        network="host",
        no_cache=True,
        no_cache_filter=("one",),
        platforms=("linux/amd64",),
        privileged=True,
        provenance="true",
        pull=True,
        sbom="false",
        secrets=(
            BuildSecret(id="token", file=folder / "token.txt"),
            BuildSecret(id="key", variable="WORD", value="hunter2"),
        ),
        shm_size=1024**2,
        ssh={"default": "", "deploy": str(folder / "key")},
        tags=("web:other",),
        ulimits={"nofile": (3, 3)},
    )
    assert "hunter2" not in repr(build)
    unset = {each.name for each in fields(build) if not getattr(build, each.name)}
    no_key = {"own_folders"}
    assert unset - no_key == {"args", "labels", "target"}, "a key of Build is missing in this test"


def test_a_secret_from_a_missing_variable_is_refused_with_its_line(
    stack_of: Callable[..., Stack],
) -> None:
    with pytest.raises(ConfigError, match="needs the variable WORD, which is not set") as caught:
        stack_of(EVERY_BUILD_KEY)
    assert caught.value.where.endswith("compose.yml:19")


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
