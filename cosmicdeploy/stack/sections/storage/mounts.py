"""Read the volumes and tmpfs of a service, in short and long syntax."""

from __future__ import annotations

from posixpath import normpath

from cosmicdeploy.stack.model import BindOptions, Mount, TmpfsOptions, VolumeOptions
from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.sections.storage.volume_options import (
    bind_options,
    bind_words,
    tmpfs_options,
    tmpfs_words,
    volume_options,
    volume_words,
)
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.text.suggest import did_you_mean

_SYNTAX = "write SOURCE:/path, SOURCE:/path:ro or /path"
_LONG_KEYS = (
    "type", "source", "target", "read_only", "consistency", "bind", "volume", "tmpfs",
)  # fmt: skip


def read_mounts(service: ComposeValue, scope: Scope) -> tuple[Mount, ...]:
    """Return all mounts of a service's container, one per target.

    As in Compose, the last of several volumes with the same target counts, and so does the last
    tmpfs. Notes in `scope.remarks` those that have no effect.
    """
    volumes = _by_target(_volumes(service, scope), scope)
    tmpfs = _by_target(_tmpfs(service), scope)
    for target in volumes.keys() & tmpfs.keys():
        raise tmpfs[target][0].error(f"mounts '{target}' a second time", "remove one of them")
    return tuple(mount for _, mount in (volumes | tmpfs).values())


def _by_target(
    entries: list[tuple[ComposeValue, Mount]], scope: Scope
) -> dict[str, tuple[ComposeValue, Mount]]:
    found: dict[str, tuple[ComposeValue, Mount]] = {}
    for item, mount in entries:
        if not mount.target.startswith("/"):
            raise item.error(f"target '{mount.target}' is not an absolute path", _SYNTAX)
        if mount.target in found and found[mount.target][1] != mount:
            scope.ignore(found[mount.target][0], f"a later one is mounted at {mount.target} too")
        found[mount.target] = item, mount
    return found


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
    items = entry.items() if isinstance(entry.data, list) else [entry]
    return [(item, _tmpfs_of(item)) for item in items]


def _tmpfs_of(item: ComposeValue) -> Mount:
    target, _, words = item.text().partition(":")
    options, read_only = tmpfs_words(item, words.split(",") if words else [])
    return Mount(
        type="tmpfs", source="", target=_normal(target), read_only=read_only, tmpfs=options
    )


def _short_syntax(item: ComposeValue, scope: Scope) -> Mount:
    source, target, words = _split(item)
    target, read_only = _normal(target), "ro" in words
    if source.startswith((".", "/", "~")):
        return Mount(
            type="bind",
            source=scope.path(item, source),
            target=target,
            read_only=read_only,
            bind=bind_words(item, words, scope),
        )
    return Mount(
        type="volume",
        source=_volume_name(item, source, scope),
        target=target,
        read_only=read_only,
        volume=volume_words(item, words, scope),
    )


def _split(item: ComposeValue) -> tuple[str, str, list[str]]:
    """Return the source, the target, and the words of the mode."""
    parts = item.text().split(":")
    if len(parts) > 3 or not all(parts):
        raise item.error(f"'{item.text()}' is not a volume", _SYNTAX)
    if len(parts) == 1:
        return "", parts[0], []
    return parts[0], parts[1], parts[2].split(",") if len(parts) == 3 else []


def _long_syntax(item: ComposeValue, scope: Scope) -> Mount:
    fields = item.mapping(_LONG_KEYS)
    for key in ("type", "target"):
        if key not in fields:
            raise item.error(f"has no {key}", f"add '{key}: …'")
    kind = fields["type"].one_of(("bind", "volume", "tmpfs"))
    for other in ("bind", "volume", "tmpfs"):
        if other != kind and other in fields and fields[other].data:
            _ignore_options(fields[other], kind, scope)
    source = item.optional("source", ComposeValue.text) or ""
    target = _normal(fields["target"].text())
    read_only = item.optional("read_only", ComposeValue.flag) or False
    if kind == "tmpfs":
        tmpfs = item.optional("tmpfs", tmpfs_options) or TmpfsOptions()
        return Mount(type="tmpfs", source="", target=target, read_only=read_only, tmpfs=tmpfs)
    if kind == "volume":
        return Mount(
            type="volume",
            source=_volume_name(item, source, scope),
            target=target,
            read_only=read_only,
            volume=item.optional("volume", volume_options) or VolumeOptions(),
        )
    if not source:
        raise item.error("has no source", "add 'source: <path on the host>'")
    return Mount(
        type="bind",
        source=scope.path(item, source),
        target=target,
        read_only=read_only,
        bind=item.optional("bind", bind_options) or BindOptions(),
    )


def _ignore_options(entry: ComposeValue, kind: str, scope: Scope) -> None:
    """Note options of another type of mount, unless Compose itself writes them.

    `docker compose config` prints `data:/a:z` as a volume with `bind: {selinux: z}`.
    """
    if kind != "volume" or entry.keys[-1] != "bind" or entry.mapping().keys() - {"selinux"}:
        scope.ignore(entry, f"the volume has 'type: {kind}'")


def _volume_name(item: ComposeValue, key: str, scope: Scope) -> str:
    if not key:
        return ""
    if key not in scope.volumes:
        hint = did_you_mean(key, scope.volumes)
        todo = hint or f"add '{key}:' under the top-level 'volumes', or write ./{key} for a folder"
        raise item.error(f"names the volume '{key}', which is not declared", todo)
    return scope.volumes[key].name


def _normal(target: str) -> str:
    """Return an absolute target as the engine writes it: no `..`, and no slash at its end."""
    return normpath(target) if target.startswith("/") else target
