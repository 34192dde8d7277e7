"""The layout of the shipped stack."""

from __future__ import annotations

import ipaddress
import socket
import sys
from pathlib import Path

import pytest

from cosmicdeploy.errors import UsageError
from cosmicdeploy.layout import ANY, LayoutOptions, free_ports, free_subnet, lay_out
from cosmicdeploy.settings import load
from cosmicdeploy.stack.compose import read_files
from cosmicdeploy.stack.variables.environment import read_env_file


@pytest.fixture
def laid_out(tmp_path: Path) -> Path:
    lay_out(tmp_path / "stack", LayoutOptions(project="try", suffix="try", http_port=0))
    return tmp_path / "stack"


def test_the_shipped_stack_can_be_read(laid_out: Path) -> None:
    loaded = load(laid_out / "cosmicdeploy.yaml", {})
    stack = read_files(loaded.compose_files, {})
    assert set(stack.services) == set(loaded.settings.services.all)
    assert stack.project == "try"
    assert stack.services["cosmic-app-2"].container_name == "cosmic-app-2-try"


def test_secrets_are_private_and_differ_between_layouts(tmp_path: Path, laid_out: Path) -> None:
    assert (laid_out / ".env").stat().st_mode & 0o777 == 0o600
    lay_out(tmp_path / "other", LayoutOptions())
    one, two = (read_env_file(p / ".env") for p in (laid_out, tmp_path / "other"))
    for name in ("DB_ROOT_PASSWORD", "DB_PASSWORD", "DEVICE_TOKEN"):
        assert len(one[name]) >= 24
        assert one[name] != two[name]


def test_no_placeholder_is_left(laid_out: Path) -> None:
    assert "{{" not in (laid_out / ".env").read_text()


def test_nothing_is_overwritten(laid_out: Path) -> None:
    before = (laid_out / ".env").read_text()
    with pytest.raises(UsageError, match="already exists"):
        lay_out(laid_out, LayoutOptions())
    assert (laid_out / ".env").read_text() == before


@pytest.mark.parametrize("kept", ["backups/1/dump.sql", "proxy/x", "logs/cosmic-app-1/app.log"])
def test_data_that_is_there_already_is_refused_before_anything_is_written(
    tmp_path: Path, kept: str
) -> None:
    data = tmp_path / "data-kiosk" / kept
    data.parent.mkdir(parents=True)
    data.write_text("kept")
    with pytest.raises(UsageError, match="already exists") as caught:
        lay_out(tmp_path, LayoutOptions())
    assert "/data-kiosk/" in caught.value.where and "empty folder" in caught.value.todo
    assert list(tmp_path.iterdir()) == [tmp_path / "data-kiosk"] and data.read_text() == "kept"


@pytest.mark.parametrize("name", ["data-kiosk", "data-kiosk/logs", ".env"])
@pytest.mark.parametrize("is_link", [True, False])
def test_a_file_or_link_in_the_way_is_refused_before_anything_is_written(
    tmp_path: Path, name: str, is_link: bool
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("nowhere") if is_link else path.write_text("")
    with pytest.raises(UsageError, match=f"{path.name} already exists"):
        lay_out(tmp_path, LayoutOptions())
    assert len(list(tmp_path.iterdir())) == 1


def test_the_data_may_have_a_disk_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "data-kiosk" / "lost+found").mkdir(parents=True)
    lay_out(tmp_path, LayoutOptions())
    assert (tmp_path / "data-kiosk" / "backups").is_dir()


def test_without_a_free_subnet_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No free subnet"):
        lay_out(tmp_path / "stack", LayoutOptions(taken_subnets=["172.30.0.0/16"]))
    assert not (tmp_path / "stack").exists()
    lay_out(tmp_path / "stack", LayoutOptions())


def test_replicas_have_addresses_in_the_stacks_subnet(laid_out: Path) -> None:
    env = read_env_file(laid_out / ".env")
    subnet = ipaddress.ip_network(env["STACK_SUBNET"])
    addresses = {env[f"APP_{n}_ADDRESS"] for n in (1, 2, 3)}
    assert len(addresses) == 3
    assert all(ipaddress.ip_address(address) in subnet for address in addresses)
    dynamic = ipaddress.ip_network(env["STACK_DYNAMIC_RANGE"])
    assert not any(ipaddress.ip_address(address) in dynamic for address in addresses)


def test_a_taken_subnet_is_avoided() -> None:
    first = free_subnet([])
    assert not free_subnet([str(first)]).overlaps(first)
    assert not free_subnet(["172.30.0.0/20"]).overlaps(ipaddress.ip_network("172.30.0.0/20"))


def test_without_a_free_subnet_there_is_an_error() -> None:
    with pytest.raises(UsageError, match="No free subnet"):
        free_subnet(["172.30.0.0/16"])


@pytest.mark.parametrize(
    ("byte_order", "destination", "mask"),
    [("little", "00001EAC", "0000FFFF"), ("big", "AC1E0000", "FFFF0000")],
)
def test_a_route_counts_as_taken_on_machines_of_both_byte_orders(
    monkeypatch: pytest.MonkeyPatch, byte_order: str, destination: str, mask: str
) -> None:
    row = f"eth0 {destination} 00000000 0001 0 0 0 {mask} 0 0 0"
    monkeypatch.setattr(Path, "read_text", lambda _path: f"Iface Destination …\n{row}\n")
    monkeypatch.setattr(sys, "byteorder", byte_order)
    with pytest.raises(UsageError, match="No free subnet"):
        free_subnet([])


def test_a_port_is_free_on_the_address_that_publishes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that is free on 127.0.0.1 may be taken on another address of the machine."""
    bound: list[str] = []
    bind = socket.socket.bind

    def record(self: socket.socket, address: tuple[str, int]) -> None:
        bound.append(address[0])
        bind(self, address)

    monkeypatch.setattr(socket.socket, "bind", record)
    lay_out(tmp_path / "stack", LayoutOptions(http_port=0))
    assert bound == [ANY, "127.0.0.1", "127.0.0.1"]


def test_ports_differ_and_any_address_gets_one() -> None:
    ports = free_ports(ANY, "127.0.0.1", "127.0.0.1", "::1", "203.0.113.7", "no.such.host")
    assert len(set(ports)) == 6 and all(ports)
