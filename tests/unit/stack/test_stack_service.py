"""Reading the keys of a service."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.model import (
    Attachment,
    BindOptions,
    BlockIo,
    Build,
    BuildSecret,
    CopiedFile,
    Dependency,
    Device,
    DeviceRequest,
    Healthcheck,
    Hook,
    Link,
    Mount,
    Port,
    Service,
    Stack,
    TmpfsOptions,
    VolumeOptions,
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
        ("volumes: ['/a:/c:ro,z']", "mounts",
         (Mount(type="bind", source="/a", target="/c", read_only=True,
                bind=BindOptions(selinux="z")),)),
        ("volumes: ['/a:/c:rslave', 'data:/d:nocopy']", "mounts",
         (Mount(type="bind", source="/a", target="/c", bind=BindOptions(propagation="rslave")),
          Mount(type="volume", source="shop_data", target="/d",
                volume=VolumeOptions(nocopy=True)))),
        ("volumes: [{type: bind, source: /a, target: /c, bind: {create_host_path: false,"
         " propagation: shared, recursive: readonly, selinux: Z}}]", "mounts",
         (Mount(type="bind", source="/a", target="/c",
                bind=BindOptions(create_host_path=False, propagation="shared",
                                 recursive="readonly", selinux="Z")),)),
        ("volumes: [{type: volume, source: data, target: /c, volume: {nocopy: true,"
         " subpath: a/b, labels: [x=y]}}]", "mounts",
         (Mount(type="volume", source="shop_data", target="/c",
                volume=VolumeOptions(nocopy=True, subpath="a/b", labels={"x": "y"})),)),
        ("volumes: [{type: volume, source: data, target: /c, volume: {}, bind: }]", "mounts",
         (Mount(type="volume", source="shop_data", target="/c"),)),
        ("volumes: [{type: tmpfs, target: /t, tmpfs: {size: 64m, mode: '1777'}}]", "mounts",
         (Mount(type="tmpfs", source="", target="/t",
                tmpfs=TmpfsOptions(size=64 * 1024**2, mode=0o1777)),)),
        ("tmpfs: ['/t:ro,size=1m,mode=700,noexec']", "mounts",
         (Mount(type="tmpfs", source="", target="/t", read_only=True,
                tmpfs=TmpfsOptions(size=1024**2, mode=0o700, others=("noexec",))),)),
        # networks
        ("", "networks", (Attachment(network="shop_default", aliases=("web",)),)),
        ("networks: []", "networks", (Attachment(network="shop_default", aliases=("web",)),)),
        ("networks: [front, back]", "networks",
         (Attachment(network="real-back", aliases=("web",)),
          Attachment(network="shop_front", aliases=("web",)))),
        ("networks: {back: , front: {priority: 1, gw_priority: 2, driver_opts: {a: 1}}}",
         "networks",
         (Attachment(network="shop_front", aliases=("web",), priority=1, gw_priority=2,
                     driver_opts={"a": "1"}),
          Attachment(network="real-back", aliases=("web",)))),
        ("networks: {front: {ipv6_address: 'fd00::9', link_local_ips: [169.254.8.8],"
         " mac_address: '02-42-AC-11-65-43', interface_name: eth7}}", "networks",
         (Attachment(network="shop_front", aliases=("web",), ipv6_address="fd00::9",
                     link_local_ips=("169.254.8.8",), mac_address="02:42:ac:11:65:43",
                     interface_name="eth7"),)),
        ("network_mode: host", "networks", ()),
        ("network_mode: host", "network_mode", "host"),
        ("network_mode: container:other", "network_mode", "container:other"),
        ("network_mode: other-network", "network_mode", "other-network"),
        ("external_links: [other, theirs:db]", "links",
         (Link(alias="other", container="other"), Link(alias="db", container="theirs"))),
        ("volumes_from: ['container:other:ro']", "volumes_from", ("container:other:ro",)),
        ("ipc: shareable", "ipc", "shareable"),
        ("pid: host", "pid", "host"),
        ("uts: host", "uts", "host"),
        ("userns_mode: host", "userns_mode", "host"),
        ("cgroup: private", "cgroup", "private"),
        ("cgroup_parent: /mine", "cgroup_parent", "/mine"),
        ("cpuset: 0,1", "cpuset", "0,1"),
        ("cpu_period: 100000", "cpu_period", 100000),
        ("cpu_quota: 50000", "cpu_quota", 50000),
        ("cpu_rt_period: 1000", "cpu_rt_period", 1000),
        ("cpu_rt_runtime: 500", "cpu_rt_runtime", 500),
        ("memswap_limit: -1", "memswap_limit", -1),
        ("memswap_limit: 1g", "memswap_limit", 1024**3),
        ("mem_swappiness: 10", "mem_swappiness", 10),
        ("oom_kill_disable: true", "oom_kill_disable", True),
        ("oom_score_adj: -500", "oom_score_adj", -500),
        ("dns_search: example.com", "dns_search", ("example.com",)),
        ("dns_opt: [use-vc]", "dns_opt", ("use-vc",)),
        ("domainname: example.com", "domainname", "example.com"),
        ("mac_address: 02:42:AC:11:65:43", "mac_address", "02:42:ac:11:65:43"),
        ("runtime: runsc", "runtime", "runsc"),
        ("platform: linux/arm64/v8", "platform", "linux/arm64/v8"),
        ("storage_opt: {size: 1G}", "storage_opt", {"size": "1G"}),
        ("annotations: [a=b]", "annotations", {"a": "b"}),
        ("device_cgroup_rules: ['c 1:3 mr']", "device_cgroup_rules", ("c 1:3 mr",)),
        ("devices: [/dev/null, '/dev/zero:/dev/z', '/dev/full:/dev/f:r']", "devices",
         (Device(source="/dev/null", target="/dev/null"),
          Device(source="/dev/zero", target="/dev/z"),
          Device(source="/dev/full", target="/dev/f", permissions="r"))),
        ("devices: [{source: /dev/null, target: /dev/n, permissions: rw}]", "devices",
         (Device(source="/dev/null", target="/dev/n", permissions="rw"),)),
        ("devices: [vendor.com/net=nic0]", "devices", ()),
        ("devices: [vendor.com/net=nic0]", "device_requests",
         (DeviceRequest(driver="cdi", device_ids=("vendor.com/net=nic0",)),)),
        ("blkio_config: {weight: 300, weight_device: [{path: /dev/sda, weight: 400}],"
         " device_read_bps: [{path: /dev/sda, rate: 12mb}],"
         " device_write_iops: [{path: /dev/sda, rate: 30}]}", "block_io",
         BlockIo(weight=300, weight_device={"/dev/sda": 400},
                 device_read_bps={"/dev/sda": 12 * 1024**2}, device_write_iops={"/dev/sda": 30})),
        ("post_start: [{command: sh -c true, user: root, privileged: true}]", "post_start",
         (Hook(command=("sh", "-c", "true"), user="root", privileged=True),)),
        ("pre_stop: [{command: [a, 1], working_dir: /x, environment: [A=1, FROM_SHELL]}]",
         "pre_stop", (Hook(command=("a", "1"), working_dir="/x",
                           environment={"A": "1", "FROM_SHELL": "s"}),)),
        ("attach: false\ndevelop: {watch: []}", "name", "web"),
        ("networks: {front: , back: {aliases: [b, web, c], ipv4_address: 10.0.0.9}}", "networks",
         (Attachment(network="real-back", aliases=("web", "b", "c"), ipv4_address="10.0.0.9"),
          Attachment(network="shop_front", aliases=("web",)))),
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


EVERY_FILE = """
services:
  web:
    image: web
    secrets: [token, {source: token, target: other}, {source: word, uid: 33, gid: "33", mode: 0440}]
    configs: [text, {source: file, target: /etc/app.conf, mode: 0444}, {source: text, target: b}]
    label_file: [./a.labels]
    labels: {own: "1", both: label}
    volumes: ["./kept:/run/secrets/token"]
    links: [db, "db:store"]
    ipc: service:db
    volumes_from: [files:ro]
  db: {image: db}
  files: {image: db}
secrets:
  token: {file: ./token.txt}
  word: {environment: WORD}
configs:
  text: {content: "hello ${WORD}"}
  file: {file: ~/app.conf}
"""


def test_secrets_and_configs_are_mounted_if_they_are_files_and_else_copied(
    stack_of: Callable[..., Stack], tmp_path: Path
) -> None:
    folder = tmp_path / "Shop"
    folder.mkdir(exist_ok=True)
    (folder / "a.labels").write_text("both=file\nfrom.file=$WORD\n")
    stack = stack_of(EVERY_FILE, WORD="hunter2")
    web = stack.services["web"]
    strict = BindOptions(create_host_path=False)
    assert web.mounts == (
        bind(str(folder / "kept"), "/run/secrets/token"),
        Mount(
            type="bind", source=str(folder / "token.txt"), target="/run/secrets/other",
            read_only=True, bind=strict,
        ),
        Mount(
            type="bind", source="/home/op/app.conf", target="/etc/app.conf",
            read_only=True, bind=strict,
        ),
    )  # fmt: skip
    assert web.copied_files == (
        CopiedFile(
            key="secrets.word", target="/run/secrets/word", content="hunter2",
            mode=0o440, uid=33, gid=33,
        ),
        CopiedFile(key="configs.text", target="/text", content="hello hunter2"),
        CopiedFile(key="configs.text", target="/b", content="hello hunter2"),
    )  # fmt: skip
    assert "hunter2" not in repr(web.copied_files)
    keys = [each.what.split()[1] for each in stack.remarks]
    assert keys == ["secrets[0]", "configs[1].mode"]
    assert web.labels == {"both": "label", "own": "1", "from.file": "hunter2"}
    assert web.links == (Link(alias="db", service="db"), Link(alias="store", service="db"))
    assert web.depends_on == {"db": Dependency(restart=True), "files": Dependency()}


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
