"""Find mounted secrets and configs whose file changed after the container's start.

The container's process has most likely read the file before the change. If the file was replaced
rather than edited, the container even sees the former content until its next start.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cosmicdeploy.engine.facts import Difference, unix_time
from cosmicdeploy.stack.model import Service


def mounted_differences(service: Service, container: Mapping[str, Any]) -> list[Difference]:
    """Return the secrets and configs whose file changed since the container was started.

    `container` is the engine's inspection of the container; the result is empty unless the
    container runs. Files that cannot be examined on this machine are left out: the files of a
    remote engine are on the engine's machine.
    """
    if container["State"].get("Status") != "running":
        return []
    started = unix_time(container["State"]["StartedAt"])
    return [
        Difference(key=mount.key, change="changed")
        for mount in service.mounts
        if mount.key  # set only for secrets and configs
        and _modified(Path(mount.source)) > started
    ]


def _modified(file: Path) -> float:
    """Return when a file was modified, as a Unix time; 0 if the file cannot be examined."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
