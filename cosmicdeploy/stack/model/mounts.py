"""Volumes, and what is mounted into a container or copied into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class BindOptions:
    """Options of a bind mount; "" and True are the engine's defaults.

    Without `create_host_path` the source must exist. `propagation` and `selinux` (z, Z) are as in
    `docker run -v`; `recursive` is enabled, disabled, writable or readonly.
    """

    create_host_path: bool = True
    propagation: str = ""
    recursive: str = ""
    selinux: str = ""


@dataclass(frozen=True, kw_only=True)
class VolumeOptions:
    """Options of a mounted volume: whether it stays empty at first, and a folder in it."""

    nocopy: bool = False
    subpath: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TmpfsOptions:
    """Options of a tmpfs: its size in bytes, its mode, and others as in `docker run --tmpfs`."""

    size: int | None = None
    mode: int | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A mount into a container; only the options of its own type are used.

    `source` is the absolute path on the host of a bind mount, or the real name of a volume; "" for
    an anonymous volume and for a tmpfs. `key` names a secret or config as in the compose file:
    "secrets.token".
    """

    type: Literal["bind", "volume", "tmpfs"]
    source: str
    target: str
    read_only: bool = False
    bind: BindOptions = BindOptions()
    volume: VolumeOptions = VolumeOptions()
    tmpfs: TmpfsOptions = TmpfsOptions()
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class CopiedFile:
    """A file that is copied into a new container: a secret or config that is no file of the host.

    `key` names it as in the compose file: "secrets.token". The owner is root if `uid` and `gid` are
    None.
    """

    key: str
    target: str
    content: str = field(repr=False)
    mode: int = 0o444
    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A volume; cosmicdeploy never creates or removes an `external` one."""

    key: str
    name: str
    driver: str | None = None
    driver_opts: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    external: bool = False
