"""Find secrets and configs whose file changed after the container was started.

Its process has most likely read them by then. If the file was replaced by another one, the
container even sees the former content, until it is started again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from cosmicdeploy.engine.facts import Difference
from cosmicdeploy.stack.model import Service


def mounted_differences(service: Service, container: Mapping[str, Any]) -> list[Difference]:
    """Return the changed secrets and configs of a running container, as the engine inspects it.

    Files that are not on this machine, since the engine is on another one, are left out.
    """
    if container["State"].get("Status") != "running":
        return []
    started = _seconds(container["State"]["StartedAt"])
    return [
        Difference(key=mount.key, change="changed")
        for mount in service.mounts
        if mount.key and _modified(Path(mount.source)) > started
    ]


def _seconds(moment: str) -> float:
    """Return the engine's time (2026-11-29T21:43:48.123456789Z) in seconds since 1970."""
    whole, _, fraction = moment.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
