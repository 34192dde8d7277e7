"""Find secrets and configs whose file changed after the container was started.

Its process has most likely read them by then. If the file was replaced by another one, the
container even sees the former content, until it is started again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cosmicdeploy.engine.facts import Difference, unix_time
from cosmicdeploy.stack.model import Service


def mounted_differences(service: Service, container: Mapping[str, Any]) -> list[Difference]:
    """Return the changed secrets and configs of a running container, as the engine inspects it.

    Files that are not on this machine, since the engine is on another one, are left out.
    """
    if container["State"].get("Status") != "running":
        return []
    started = unix_time(container["State"]["StartedAt"])
    return [
        Difference(key=mount.key, change="changed")
        for mount in service.mounts
        if mount.key and _modified(Path(mount.source)) > started
    ]


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
