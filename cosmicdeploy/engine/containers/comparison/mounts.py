"""Flatten declared mounts, and those of a container, to the compose file's keys."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from posixpath import normpath
from typing import Any

from cosmicdeploy.engine.containers.comparison.image_defaults import image_volumes
from cosmicdeploy.engine.parsing import ANONYMOUS
from cosmicdeploy.stack.model import Mount, Service
from cosmicdeploy.stack.values.units import parse_mode, parse_size

Json = Mapping[str, Any]
Keys = dict[str, str]
ANONYMOUS_VOLUME = "anonymous volume"
_PROPAGATIONS = ("private", "rprivate", "shared", "rshared", "slave", "rslave")


def declared_mounts(service: Service, image: Json) -> Keys:
    """Return the mounts that a container of the service must have, by key.

    These are the declared mounts, and the volumes of the image, whose `Config` is `image`.
    """
    mounts = dict.fromkeys(image_volumes(image), ANONYMOUS_VOLUME)
    for mount in service.mounts:
        words = _declared_words(mount)
        mounts[mount.target] = _text(mount.type, mount.source, words, read_only=mount.read_only)
    return {f"mounts.{target}": text for target, text in mounts.items()}


def present_mounts(container: Json) -> Keys:
    """Return the mounts that a container has, by key.

    `container` is from `GET /containers/{id}/json`. Mounts that the container takes from other
    containers (`volumes_from`) are left out.
    """
    host = container["HostConfig"]
    options = _present_words(host)
    mounts: Keys = {}
    for target, text in (host.get("Tmpfs") or {}).items():
        words = text.split(",") if text else []
        mounts[normpath(target)] = _text("tmpfs", "", _tmpfs_words(words), read_only="ro" in words)
    own = _own_targets(container) if host.get("VolumesFrom") else None
    for mount in container.get("Mounts") or []:
        target = mount["Destination"]
        if target in mounts or (own is not None and target not in own):
            continue  # a volume of the image, hidden by a tmpfs; or a mount from volumes_from
        is_volume = mount["Type"] == "volume"
        source = mount.get("Name" if is_volume else "Source") or ""
        if is_volume and ANONYMOUS.fullmatch(source):
            source = ""
        mounts[target] = _text(
            mount["Type"], source, options.get(target, ()), read_only=not mount["RW"]
        )
    return {f"mounts.{target}": text for target, text in mounts.items()}


def _own_targets(container: Json) -> set[str]:
    """Return the targets of the mounts that do not come from `volumes_from`."""
    host = container["HostConfig"]
    return {
        *(target for target, _ in map(_bind, host.get("Binds") or [])),
        *(normpath(mount["Target"]) for mount in host.get("Mounts") or []),
        *map(normpath, container["Config"].get("Volumes") or {}),
    }


def _text(kind: str, source: str, words: Iterable[str], *, read_only: bool) -> str:
    all_words = [*(["read-only"] if read_only else []), *sorted(words)]
    if kind == "volume" and not source:
        return ANONYMOUS_VOLUME
    # Compose may have resolved a symbolic link in the path, so both sides are resolved.
    what = os.path.realpath(source) if kind == "bind" else f"{kind} {source}".strip()
    return f"{what} ({', '.join(all_words)})" if all_words else what


def _declared_words(mount: Mount) -> list[str]:
    if mount.type == "bind":
        recursive = f"recursive={mount.bind.recursive}" if mount.bind.recursive else ""
        return list(filter(None, (mount.bind.selinux, mount.bind.propagation, recursive)))
    if mount.type == "volume":
        subpath = f"subpath={mount.volume.subpath}" if mount.volume.subpath else ""
        return list(filter(None, ("nocopy" if mount.volume.nocopy else "", subpath)))
    options = mount.tmpfs
    size = f"size={options.size}" if options.size is not None else ""
    mode = f"mode={options.mode:o}" if options.mode is not None else ""
    return [*filter(None, (size, mode)), *options.others]


def _present_words(host: Json) -> dict[str, list[str]]:
    """Return the options with which each mount was created, by the mount's target."""
    words: dict[str, list[str]] = {}
    for target, given in map(_bind, host.get("Binds") or []):
        known = ("z", "Z", "nocopy", *_PROPAGATIONS)
        words[target] = [word for word in given if word in known]
    for mount in host.get("Mounts") or []:
        words[normpath(mount["Target"])] = _structured_words(mount)
    return words


def _bind(text: str) -> tuple[str, list[str]]:
    """Return the target and the words of an entry of `Binds`, as in `docker run -v`.

    The source is left out: "/target" alone is an anonymous volume.
    """
    parts = text.split(":")
    target, *words = parts[1:] or parts
    return normpath(target), [word for part in words for word in part.split(",")]


def _structured_words(mount: Json) -> list[str]:
    bind, volume = mount.get("BindOptions") or {}, mount.get("VolumeOptions") or {}
    tmpfs = mount.get("TmpfsOptions") or {}
    recursive = {
        "recursive=disabled": bind.get("NonRecursive"),
        "recursive=writable": bind.get("ReadOnlyNonRecursive"),
        "recursive=readonly": bind.get("ReadOnlyForceRecursive"),
    }
    words = [
        bind.get("Propagation"),
        "nocopy" if volume.get("NoCopy") else "",
        f"subpath={volume['Subpath']}" if volume.get("Subpath") else "",
        f"size={tmpfs['SizeBytes']}" if tmpfs.get("SizeBytes") else "",
        f"mode={tmpfs['Mode']:o}" if tmpfs.get("Mode") else "",
        *(word for word, on in recursive.items() if on),
    ]
    return [word for word in words if word]


def _tmpfs_words(words: Iterable[str]) -> list[str]:
    """Return the options of a tmpfs, with the size in bytes and without "ro" and "rw"."""
    kept = []
    for word in words:
        name, _, value = word.partition("=")
        size, mode = parse_size(value), parse_mode(value)
        if name == "size" and size is not None:
            kept.append(f"size={size}")
        elif name == "mode" and mode is not None:
            kept.append(f"mode={mode:o}")
        elif word not in ("ro", "rw"):
            kept.append(word)
    return kept
