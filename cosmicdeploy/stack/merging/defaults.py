"""Drop what `docker compose config` prints for keys that no file has: it means nothing."""

from __future__ import annotations

from typing import Any

# Each is printed as an empty mapping.
_OF_MOUNTS = ("volume", "tmpfs")
_OF_DEPLOY = ("placement", "resources")


def without_defaults(data: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a compose file without empty and default values of `config`."""
    services = data.get("services")
    if not isinstance(services, dict):
        return data
    return {**data, "services": {name: _service(each) for name, each in services.items()}}


def _service(service: Any) -> Any:
    if not isinstance(service, dict):
        return service
    changed = dict(service)
    if isinstance(volumes := service.get("volumes"), list):
        changed["volumes"] = [_without_empty(volume, _OF_MOUNTS) for volume in volumes]
    if "deploy" in service:
        changed["deploy"] = _without_empty(service["deploy"], _OF_DEPLOY)
    if isinstance(depends_on := service.get("depends_on"), dict):
        changed["depends_on"] = {name: _dependency(each) for name, each in depends_on.items()}
    return changed


def _without_empty(value: Any, keys: tuple[str, ...]) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: each for key, each in value.items() if key not in keys or each != {}}


def _dependency(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: each for key, each in value.items() if (key, each) != ("required", True)}
