"""Read what the engine says about itself and its host."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from cosmicdeploy.engine.connection import LOCAL_SOCKET
from cosmicdeploy.engine.facts import unix_time
from cosmicdeploy.engine.protocol.info import EngineInfo

# The words in `GET /info` of a rootless engine, and of Docker Desktop.
ROOTLESS, DESKTOP = "name=rootless", "Docker Desktop"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def parse_info(version: dict[str, Any], info: dict[str, Any], address: str) -> EngineInfo:
    """Return what `GET /version` and `GET /info` say about the engine at `address`.

    `address` is the SDK's base URL: an engine is local at a local socket or a loopback address.
    """
    return EngineInfo(
        version=str(version["Version"]),
        host=str(info["Name"]),
        address=address,
        root_folder=str(info.get("DockerRootDir") or ""),
        is_local=address == LOCAL_SOCKET or urlsplit(address).hostname in LOOPBACK,
        hides_containers=_hides_containers(info),
        time=_time(str(info.get("SystemTime") or "")),
    )


def _hides_containers(info: dict[str, Any]) -> bool:
    options = map(str, info.get("SecurityOptions") or ())
    is_rootless = any(option.startswith(ROOTLESS) for option in options)
    return is_rootless or DESKTOP in str(info.get("OperatingSystem") or "")


def _time(moment: str) -> float | None:
    """Return the engine's time as a Unix time; None if it is missing, invalid or not in UTC."""
    try:
        return unix_time(moment) if moment.endswith("Z") else None
    except ValueError:
        return None
