"""Create the shipped stack in a folder, with new secrets."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import shutil
import socket
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosmicdeploy.engine import connect
from cosmicdeploy.errors import EngineError, UsageError
from cosmicdeploy.files import shipped
from cosmicdeploy.files.atomic import open_private
from cosmicdeploy.stack.declaration.project_name import checked_name
from cosmicdeploy.stack.variables.environment import read_env_file

SOURCES = "cosmic-media-streaming-dpr"
APPS = ("cosmic-app-1", "cosmic-app-2", "cosmic-app-3")
SERVICES_WITH_LOGS = (*APPS, "cosmic-scheduler", "cosmic-queue-1")
# User and group id of www-data in the images.
WWW_DATA = 33
SUFFIX = re.compile(r"[A-Za-z0-9_.-]{1,100}")
PORTS = 1 << 16
ANY = "0.0.0.0"  # noqa: S104 - all addresses: kiosks are on other machines
# The address on which the database and the cache publish their ports.
LOCALHOST = "127.0.0.1"
# By default Docker assigns this range to a network only after a dozen other ranges.
SUBNETS = ipaddress.ip_network("172.30.0.0/16")


@dataclass(frozen=True, kw_only=True)
class LayoutOptions:
    """The values for the files of a new stack.

    `suffix` ends each container's name. For `http_port` 0, a free port is chosen. `images` has the
    base images by the names of their variables, such as MARIADB_IMAGE. `taken_subnets` are the
    subnets of the engine's networks.
    """

    project: str = "cosmic"
    suffix: str = "prod"
    release: str = "1"
    http_port: int = 8080
    http_bind: str = ANY
    images: Mapping[str, str] = field(default_factory=dict)
    taken_subnets: Iterable[str] = ()


def layout_options(options: Mapping[str, Any], images: Path | None) -> LayoutOptions:
    """Return the options, with the engine's subnets and the base images that a file names.

    `images` is that file; its lines are NAME=image. Without an engine, no subnet counts as taken.
    """
    try:
        taken = connect().subnets()
    except EngineError:
        taken = []  # creating the files needs no engine
    named_images = read_env_file(images) if images else {}
    return LayoutOptions(**options, images=named_images, taken_subnets=taken)


def lay_out(folder: Path, options: LayoutOptions) -> list[Path]:
    """Create the stack's files and data folders; return the paths, without the data folders.

    Only the owner can read `.env`, which holds the secrets. Raises `UsageError` before anything is
    written: if an option has a value with which the stack could not be used, if a file or data
    folder exists already, since nothing is overwritten, or if no subnet is free.
    """
    _require_usable(options)
    targets = {
        shipped.payload() / "docker-compose.prod.yml": folder / "docker-compose.prod.yml",
        shipped.payload() / "gitignore": folder / ".gitignore",
        shipped.payload() / "nginx": folder / "nginx",
        shipped.payload() / "app": folder / SOURCES,
        shipped.example_settings(): folder / "cosmicdeploy.yaml",
        shipped.playbooks(): folder / "playbooks",
    }
    _require_absent(folder, [*targets.values(), folder / ".env", *_data_folders(folder)])
    environment = _environment(options)
    folder.mkdir(parents=True, exist_ok=True)
    for source, target in targets.items():
        _copy(source, target)
    _write_private(folder / ".env", environment)
    _make_data_folders(folder)
    return [*targets.values(), folder / ".env"]


def _require_usable(options: LayoutOptions) -> None:
    checked_name(options.project, "--project")
    if not SUFFIX.fullmatch(options.suffix):
        raise UsageError(
            f"{options.suffix!r} cannot end a container's name",
            where="--suffix",
            todo="use letters, digits, dots, dashes and underscores",
        )
    if not 0 <= options.http_port < PORTS:
        raise UsageError(
            f"{options.http_port} is not a port",
            where="--port",
            todo="ports go from 1 to 65535; 0 chooses a free one",
        )


def _require_absent(folder: Path, paths: Iterable[Path]) -> None:
    """Raise `UsageError` if a path in the folder exists, or a file where its parent belongs."""
    for path in paths:
        parents = [each for each in path.parents if folder in each.parents and not each.is_dir()]
        for each in (*parents, path):
            if os.path.lexists(each):
                raise UsageError(
                    f"{each.name} already exists", where=str(each), todo="choose an empty folder"
                )


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(source, target, ignore=ignored)
    else:
        shutil.copy(source, target)


def _write_private(path: Path, text: str) -> None:
    with open_private(path, new=True) as file:
        file.write(text.encode())


def _environment(options: LayoutOptions) -> str:
    text = (shipped.payload() / "env.template").read_text(encoding="utf-8")
    for name, value in _values(options).items():
        text = text.replace("{{" + name + "}}", value)
    return text


def _values(options: LayoutOptions) -> dict[str, str]:
    subnet = free_subnet(options.taken_subnets)
    addresses = {f"app_{n}_address": str(subnet[10 + n]) for n in (1, 2, 3)}
    free = free_ports(options.http_bind, LOCALHOST, LOCALHOST)
    uid, gid = (os.getuid(), os.getgid()) if os.getuid() else (WWW_DATA, WWW_DATA)
    return {
        "project": options.project,
        "suffix": options.suffix,
        "subnet": str(subnet),
        "dynamic_range": str(list(subnet.subnets())[1]),
        **addresses,
        "http_bind": options.http_bind,
        "http_port": str(options.http_port or free[0]),
        "db_port": str(free[1]),
        "redis_port": str(free[2]),
        "db_root_password": secrets.token_urlsafe(24),
        "db_password": secrets.token_urlsafe(24),
        "redis_password": secrets.token_urlsafe(24),
        "device_token": secrets.token_urlsafe(24),
        "app_version": options.release,
        "app_uid": str(uid),
        "app_gid": str(gid),
        **_images(options.images),
    }


def _images(named: Mapping[str, str]) -> dict[str, str]:
    official = {
        "mariadb_image": "mariadb:10.11",
        "redis_image": "redis:7-bookworm",
        "nginx_image": "nginx:1.26",
        "python_image": "python:3.11-slim-bookworm",
    }
    return official | {name.lower(): image for name, image in named.items()}


def free_subnet(taken: Iterable[str]) -> ipaddress.IPv4Network:
    """Return a /24 subnet that overlaps neither the taken subnets nor this machine's routes.

    Raises `UsageError` if there is none in `SUBNETS`.
    """
    used = [ipaddress.ip_network(subnet) for subnet in taken if ":" not in subnet]
    used += [ipaddress.ip_network(route) for route in _routes()]
    for candidate in SUBNETS.subnets(new_prefix=24):
        # The default route (prefix length 0) overlaps every subnet.
        if not any(candidate.overlaps(other) for other in used if other.prefixlen):
            return ipaddress.IPv4Network(candidate)
    raise UsageError(
        "No free subnet is left",
        where=str(SUBNETS),
        todo="remove unused networks: `docker network prune`",
    )


def _routes() -> list[str]:
    try:
        rows = Path("/proc/net/route").read_text().splitlines()[1:]
    except OSError:
        return []
    fields = [row.split() for row in rows]
    return [_network(destination=field[1], mask=field[7]) for field in fields]


def _network(destination: str, mask: str) -> str:
    # The kernel prints the bytes of an address as one number, as the machine reads it from memory.
    address = ipaddress.ip_address(int(destination, 16).to_bytes(4, sys.byteorder))
    return f"{address}/{int(mask, 16).bit_count()}"


def free_ports(*addresses: str) -> list[int]:
    """Return a TCP port for each address of this machine, free there now; no two conflict.

    A port of 0.0.0.0 is free on all addresses. For an address of another machine, such as that of a
    remote engine, returns a port that is free on all addresses of this machine.
    """
    with ExitStack() as listeners:
        sockets = [listeners.enter_context(_listener(address)) for address in addresses]
        return [int(each.getsockname()[1]) for each in sockets]


def _listener(address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.bind((address, 0))
    except OSError:
        listener.close()
        if address == ANY:
            raise
        return _listener(ANY)
    return listener


def _data_folders(folder: Path) -> list[Path]:
    logs = (f"logs/{service}" for service in SERVICES_WITH_LOGS)
    return [folder / "data-kiosk" / name for name in ("backups", "proxy", "features", *logs)]


def _make_data_folders(folder: Path) -> None:
    backups, proxy, *of_application = _data_folders(folder)
    backups.mkdir(parents=True, mode=0o700)
    proxy.mkdir()
    proxy.chmod(0o755)  # nginx reads it as another user
    for data_folder in of_application:
        data_folder.mkdir(parents=True)
        if os.getuid() == 0:
            os.chown(data_folder, WWW_DATA, WWW_DATA)
