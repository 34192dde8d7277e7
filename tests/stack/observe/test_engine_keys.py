"""Drift of containers with the keys that Compose 2 and the deployer read, key by key."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from cosmicdeploy.engine import Engine
from tests.stack.support.harness import COMPOSE_V2
from tests.stack.support.key_files import COMPOSE_2, Project, made_by_us

pytestmark = pytest.mark.stack

FILE = Path(__file__).with_name("engine_keys.yml")
SERVICES = ("base", "wide", "shared", "taking", "hosted", "bridged")
MAKERS = {"ours": made_by_us, "compose-2": COMPOSE_2}


@pytest.fixture(scope="module", params=MAKERS)
def project(
    request: pytest.FixtureRequest, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("keys") / request.param / f"wide-{uuid4().hex[:6]}"
    (folder / "data").mkdir(parents=True)
    (folder / "token.txt").write_text("a token")
    (folder / "file.conf").write_text("a file")
    made = Project(folder, engine, FILE)
    made.write()
    try:
        MAKERS[request.param](made)
        yield made
    finally:
        engine.remove_project(folder.name)


@pytest.fixture(autouse=True)
def unchanged_file(project: Project) -> None:
    project.write()


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_no_drift_from_the_file_it_was_created_from(
    project: Project, name: str
) -> None:
    assert project.differences(name) == []


# A place of the file, what is written there instead, and the drift that is named for it.
CHANGES = [
    ("target: other-name", "target: other", {"mounts./run/secrets/other-name": "removed",
                                             "mounts./run/secrets/other": "added"}),
    ("mode: 0440", "mode: 0400", {"secrets.word-secret": "changed"}),
    ('uid: "33"', 'uid: "34"', {"secrets.word-secret": "changed"}),
    ("target: /etc/file.conf", "target: /etc/other.conf",
     {"mounts./etc/file.conf": "removed", "mounts./etc/other.conf": "added"}),
    ("text of", "more text of", {"configs.text-config": "changed"}),
    ("base:store", "base:shop", {"links.shop": "added", "links.store": "removed"}),
    (r":outside", ":abroad", {"links.abroad": "added", "links.outside": "removed"}),
    ("/dev/mine:rw", "/dev/mine:r", {"devices./dev/mine": "changed"}),
    ("c 1:3 mr", "c 1:3 m", {"device_cgroup_rules.c 1:3 m": "added",
                             "device_cgroup_rules.c 1:3 mr": "removed"}),
    ("max_attempts: 2", "max_attempts: 3", {"restart": "changed"}),
    ("memory: 32M", "memory: 33M", {"mem_reservation": "changed"}),
    ("count: 1", "count: 2", {"gpus": "changed"}),
    ("    pid: host\\n", "", {"pid": "removed"}),
    ("    uts: host\\n", "", {"uts": "removed"}),
    ("    userns_mode: host\\n", "", {"userns_mode": "removed"}),
    ("cgroup: host", "cgroup: private", {"cgroup": "changed"}),
    ("cgroup_parent: /mine", "cgroup_parent: /other", {"cgroup_parent": "changed"}),
    ("runtime: runc", "runtime: runsc", {"runtime": "changed"}),
    ("ipc: private", "ipc: shareable", {"ipc": "changed"}),
    ('cpuset: "0"', 'cpuset: "1"', {"cpuset": "changed"}),
    ("cpu_period: 100000", "cpu_period: 200000", {"cpu_period": "changed"}),
    ("cpu_quota: 50000", "cpu_quota: 60000", {"cpu_quota": "changed"}),
    ("memswap_limit: 192m", "memswap_limit: 193m", {"memswap_limit": "changed"}),
    ("mem_swappiness: 10", "mem_swappiness: 20", {"mem_swappiness": "changed"}),
    ("    oom_kill_disable: true\\n", "", {"oom_kill_disable": "removed"}),
    ("oom_score_adj: 100", "oom_score_adj: 200", {"oom_score_adj": "changed"}),
    # Not every kernel knows weights: the engine then drops them, which is no drift.
    ("rate: 1mb", "rate: 2mb", {"blkio_config.device_read_bps./dev/null": "changed"}),
    ("dns_search: .*", "dns_search: [example.net]", {"dns_search": "changed"}),
    ("dns_opt: .*", "dns_opt: [edns0]", {"dns_opt": "changed"}),
    ("domainname: .*", "domainname: example.net", {"domainname": "changed"}),
    ("10.0.0.2", "10.0.0.3", {"extra_hosts.h.example": "changed"}),
    (":/labelled:z", ":/labelled:Z", {"mounts./labelled": "changed"}),
    (":/moving:rslave", ":/moving", {"mounts./moving": "changed"}),
    ("named:/empty:nocopy", "named:/empty", {"mounts./empty": "changed"}),
    ("size: 1048576", "size: 2097152", {"mounts./long-tmpfs": "changed"}),
    ("mode: 01770", "mode: 01777", {"mounts./long-tmpfs": "changed"}),
    ("size=2m", "size=3m", {"mounts./short-tmpfs": "changed"}),
    ("18000-18009", "18000-18008", {"ports.8081/tcp": "changed"}),
    ("7000/udp", "7002/udp", {"expose.7000/udp": "removed", "expose.7002/udp": "added"}),
    ("10.198.77.9", "10.198.77.8", {"networks.*one.ipv4_address": "changed"}),
    ("169.254.77.8", "169.254.77.9", {"networks.*one.link_local_ips": "changed"}),
    ("aliases: .elsewhere.", "aliases: [there]", {"networks.*two.aliases": "changed"}),
]  # fmt: skip


@pytest.mark.parametrize(("place", "new", "drift"), CHANGES)
def test_a_changed_key_of_the_file_is_named(
    project: Project, place: str, new: str, drift: dict[str, str]
) -> None:
    project.write((place, new))
    network = f"{project.folder.name}_"
    found = {each.key.replace(network, "*"): each.change for each in project.differences("wide")}
    assert found == drift


def test_shared_namespaces_follow_the_container_in_place(project: Project) -> None:
    project.write(
        ("network_mode: service:base", "network_mode: none"), ("pid: service:base", "pid: host")
    )
    found = {each.key: each.change for each in project.differences("shared")}
    assert found == {"network_mode": "changed", "pid": "changed"}
    project.write(("network_mode: host", "network_mode: none"))
    assert [each.key for each in project.differences("hosted")] == ["network_mode"]
    project.write(("    network_mode: bridge", "    networks: [two]"))
    keys = [each.key for each in project.differences("bridged")]
    network = f"networks.{project.folder.name}_two"
    assert keys == ["network_mode", network, f"{network}.mac_address"]


def test_no_content_of_a_secret_is_in_what_the_engine_reports(project: Project) -> None:
    words = ["docker", "inspect", *project.ids()]
    inspected = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "hunter2" not in inspected and "a token" not in inspected


def test_networks_are_created_as_compose_creates_them(project: Project) -> None:
    name = f"{project.folder.name}_one"
    words = ["docker", "network", "inspect", name]
    inspected = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    (network,) = json.loads(inspected)
    assert network["Options"] == {"com.docker.network.driver.mtu": "1400"}
    assert network["IPAM"]["Config"] == [
        {"Subnet": "10.198.77.0/24", "IPRange": "10.198.77.128/25", "Gateway": "10.198.77.3"}
    ]


def test_compose_leaves_the_containers_as_they_are(project: Project) -> None:
    before = project.ids()
    project.compose(str(COMPOSE_V2), "create")
    after = project.ids()
    assert [name for name, each in after.items() if each != before[name]] == []
