"""Reading the mounts, networks, devices and limits of a service."""

from collections.abc import Callable

import pytest

from cosmicdeploy.stack.model import (
    Attachment,
    BindOptions,
    BlockIo,
    Device,
    DeviceRequest,
    Hook,
    Link,
    Mount,
    Service,
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
    ],
)  # fmt: skip
def test_each_key_is_read(service_of: ServiceOf, keys: str, field: str, value: object) -> None:
    assert getattr(service_of(keys, FROM_SHELL="s"), field) == value
