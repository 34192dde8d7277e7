"""What the engine says about itself and its host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cosmicdeploy.engine.facts import unix_time

ROOTLESS, DESKTOP = "name=rootless", "Docker Desktop"
# The SDK's prefix for the address of a local socket.
LOCAL_SOCKET = "http+docker://"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True)
class EngineInfo:
    """The engine's version, and the name and clock of its host.

    `address` is where it answers. `root_folder` is the folder of images, volumes and containers on
    its host; `is_local` says whether that is this machine. `hides_containers` says whether the
    engine keeps its containers' addresses to itself: a rootless one, and Docker Desktop. `time` is
    a Unix time; None if it is unknown.
    """

    version: str
    host: str
    address: str
    root_folder: str = ""
    is_local: bool = True
    hides_containers: bool = False
    time: float | None = None

    @property
    def reaches_containers(self) -> bool:
        """Whether this machine reaches containers at their own addresses."""
        return self.is_local and not self.hides_containers


def parse_info(version: dict[str, Any], info: dict[str, Any], address: str) -> EngineInfo:
    """Return what `GET /version` and `GET /info` say about the engine at `address`."""
    return EngineInfo(
        version=str(version["Version"]),
        host=str(info["Name"]),
        address=address,
        root_folder=str(info.get("DockerRootDir") or ""),
        is_local=address.startswith(LOCAL_SOCKET) or urlsplit(address).hostname in LOOPBACK,
        hides_containers=_hides_containers(info),
        time=_time(str(info.get("SystemTime") or "")),
    )


def _hides_containers(info: dict[str, Any]) -> bool:
    options = map(str, info.get("SecurityOptions") or ())
    is_rootless = any(option.startswith(ROOTLESS) for option in options)
    return is_rootless or DESKTOP in str(info.get("OperatingSystem") or "")


def _time(moment: str) -> float | None:
    """Return the engine's time as a Unix time; None if it is missing, or not in UTC."""
    try:
        return unix_time(moment) if moment.endswith("Z") else None
    except ValueError:
        return None
