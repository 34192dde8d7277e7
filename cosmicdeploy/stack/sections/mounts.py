"""Read the volumes and tmpfs of a service, in short and long syntax."""

from __future__ import annotations

from typing import Literal

from cosmicdeploy.stack.compose_value import ComposeValue
from cosmicdeploy.stack.model import Mount
from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.text.suggest import did_you_mean

_SYNTAX = "write SOURCE:/path, SOURCE:/path:ro or /path"
_MODES = ("ro", "rw", "cached", "delegated", "consistent")
_LONG_KEYS = ("type", "source", "target", "read_only", "consistency", "bind")


def read_mounts(service: ComposeValue, scope: Scope) -> tuple[Mount, ...]:
    """Return all mounts of a service's container, one per target."""
    mounts: dict[str, Mount] = {}
    for item, mount in [*_volumes(service, scope), *_tmpfs(service)]:
        if not mount.target.startswith("/"):
            raise item.error(f"target '{mount.target}' is not an absolute path", _SYNTAX)
        if mount.target in mounts:
            raise item.error(f"mounts '{mount.target}' a second time", "remove one of them")
        mounts[mount.target] = mount
    return tuple(mounts.values())


def _volumes(service: ComposeValue, scope: Scope) -> list[tuple[ComposeValue, Mount]]:
    entry = service.get("volumes")
    items = [] if entry is None else entry.items()
    return [(item, _volume(item, scope)) for item in items]


def _volume(item: ComposeValue, scope: Scope) -> Mount:
    is_long = isinstance(item.data, dict)
    return _long_syntax(item, scope) if is_long else _short_syntax(item, scope)


def _tmpfs(service: ComposeValue) -> list[tuple[ComposeValue, Mount]]:
    entry = service.get("tmpfs")
    if entry is None:
        return []
    for target in entry.texts():
        if ":" in target:
            raise entry.error(f"'{target}': options are not supported", "give the path alone")
    return [
        (entry, Mount(type="tmpfs", source="", target=_without_end_slash(p))) for p in entry.texts()
    ]


def _short_syntax(item: ComposeValue, scope: Scope) -> Mount:
    source, target, read_only = _split(item)
    if source.startswith((".", "/", "~")):
        kind: Literal["bind", "volume"] = "bind"
        source = scope.path(item, source)
    else:
        kind = "volume"
        source = _volume_name(item, source, scope)
    return Mount(type=kind, source=source, target=_without_end_slash(target), read_only=read_only)


def _split(item: ComposeValue) -> tuple[str, str, bool]:
    """Return the source, the target, and whether the mount is read-only."""
    parts = item.text().split(":")
    if len(parts) > 3 or not all(parts):
        raise item.error(f"'{item.text()}' is not a volume", _SYNTAX)
    if len(parts) == 1:
        return "", parts[0], False
    words = parts[2].split(",") if len(parts) == 3 else []
    for word in words:
        if word not in _MODES:
            raise item.error(f"mode '{word}' is not supported", f"use one of: {', '.join(_MODES)}")
    return parts[0], parts[1], "ro" in words


def _long_syntax(item: ComposeValue, scope: Scope) -> Mount:
    fields = item.mapping(_LONG_KEYS)
    for key in ("type", "target"):
        if key not in fields:
            raise item.error(f"has no {key}", f"add '{key}: …'")
    kind = fields["type"].one_of(("bind", "volume", "tmpfs"))
    source = fields["source"].text() if "source" in fields else ""
    target = _without_end_slash(fields["target"].text())
    read_only = "read_only" in fields and fields["read_only"].flag()
    if kind == "tmpfs":
        return Mount(type="tmpfs", source="", target=target, read_only=read_only)
    if kind == "volume":
        name = _volume_name(item, source, scope)
        return Mount(type="volume", source=name, target=target, read_only=read_only)
    return Mount(
        type="bind", source=_bind_source(item, source, scope), target=target, read_only=read_only
    )


def _bind_source(item: ComposeValue, source: str, scope: Scope) -> str:
    options = item.get("bind")
    if options is not None:
        create = options.mapping(("create_host_path",)).get("create_host_path")
        if create is not None and not create.flag():
            raise create.error("false is not supported", "remove it: a missing folder is created")
    if not source:
        raise item.error("has no source", "add 'source: <path on the host>'")
    return scope.path(item, source)


def _volume_name(item: ComposeValue, key: str, scope: Scope) -> str:
    if not key:
        return ""
    if key not in scope.volumes:
        hint = did_you_mean(key, scope.volumes)
        todo = hint or f"add '{key}:' under the top-level 'volumes', or write ./{key} for a folder"
        raise item.error(f"names the volume '{key}', which is not declared", todo)
    return scope.volumes[key].name


def _without_end_slash(target: str) -> str:
    return target.rstrip("/") or target[:1]
