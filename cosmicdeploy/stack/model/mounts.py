"""Volumes, the mounts of a container, and the files that are copied into a container."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class BindOptions:
    """Options of a bind mount; "" stands for the engine's default.

    Without `create_host_path`, the source must exist. `propagation` and `selinux` (z, Z) are as in
    `docker run -v`. `recursive` concerns mounts below the source: "", disabled, writable, readonly.
    """

    create_host_path: bool = True
    propagation: str = ""
    recursive: str = ""
    selinux: str = ""


@dataclass(frozen=True, kw_only=True)
class VolumeOptions:
    """Options of a mounted volume.

    With `nocopy`, the engine does not fill an empty volume with the image's files. `subpath` is the
    folder in the volume that is mounted; "" is the whole volume.
    """

    nocopy: bool = False
    subpath: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TmpfsOptions:
    """Options of a tmpfs: the size in bytes, the mode, and others as in `docker run --tmpfs`."""

    size: int | None = None
    mode: int | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A mount into a container; only the options of its own type are used.

    `source` is the absolute host path of a bind mount, or the real name of a volume. It is "" for
    an anonymous volume and for a tmpfs. `key` is set if the mount is a secret or config, and names
    it as in the compose file: "secrets.token".
    """

    type: Literal["bind", "volume", "tmpfs"]
    source: str
    target: str
    read_only: bool = False
    bind: BindOptions = BindOptions()
    volume: VolumeOptions = VolumeOptions()
    tmpfs: TmpfsOptions = TmpfsOptions()
    key: str = ""


def innermost_target(targets: Iterable[str], path: str | PurePosixPath) -> str:
    """Return the innermost of the mount targets that contain a path; "" if none does."""
    around = [target for target in targets if PurePosixPath(path).is_relative_to(target)]
    return max(around, key=len, default="")


@dataclass(frozen=True, kw_only=True)
class CopiedFile:
    """A secret or config that is not a file on the host, and is copied into a new container.

    `key` names the secret or config as in the compose file: "secrets.token". Without `uid` and
    `gid`, the owner is root.
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
