"""Restore values that `docker compose config --format json` omits from its output."""

from __future__ import annotations

from typing import Any


def restore(data: dict[str, Any]) -> None:
    """Add each omitted value that differs from cosmicdeploy's own default.

    Compose 2.26 omits a ulimit of 0 and a `create_host_path` of false.
    """
    for service in data.get("services", {}).values():
        for owner in (service, service.get("build") or {}):
            _restore_limits(owner.get("ulimits") or {})
        for mount in service.get("volumes") or ():
            if mount.get("type") == "bind" and isinstance(mount.get("bind"), dict):
                mount["bind"].setdefault("create_host_path", False)


def _restore_limits(limits: dict[str, Any]) -> None:
    for limit in limits.values():
        if isinstance(limit, dict):
            limit.update({"soft": limit.get("soft", 0), "hard": limit.get("hard", 0)})
