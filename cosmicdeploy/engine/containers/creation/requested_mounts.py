"""Describe a container's mounts in the form of the engine's API.

As with Compose, a mount that `docker run -v` can express goes into `Binds`: only for `Binds` the
engine creates a missing folder of the host. Mounts with other options go into `Mounts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosmicdeploy.stack.model import Mount, Service

Json = dict[str, Any]


def requested_mounts(service: Service, volumes: Mapping[str, str]) -> Json:
    """Return `Binds`, `Mounts` and `Tmpfs` for a container of the service.

    `volumes` maps mount targets to the anonymous volumes that the container inherits.
    """
    named = [mount for mount in service.mounts if mount.type != "tmpfs" and mount.source]
    tmpfs = [mount for mount in service.mounts if mount.type == "tmpfs"]
    structured = [mount for mount in service.mounts if _needs_structure(mount)]
    return {
        "Binds": [
            *(_bind(mount) for mount in named if mount not in structured),
            *_inherited(service, volumes),
        ],
        "Mounts": [_structured(mount, volumes) for mount in structured],
        "Tmpfs": {mount.target: _tmpfs(mount) for mount in tmpfs},
    }


def anonymous_volumes(service: Service) -> Json:
    """Return `Volumes`: the targets of the declared anonymous volumes."""
    return {
        mount.target: {}
        for mount in service.mounts
        if mount.type == "volume" and not mount.source and not _needs_structure(mount)
    }


def _needs_structure(mount: Mount) -> bool:
    """Return whether a mount has options that only an entry of `Mounts` can express."""
    if mount.type == "bind":
        return not mount.bind.create_host_path or bool(mount.bind.recursive)
    return mount.type == "volume" and bool(mount.volume.subpath or mount.volume.labels)


def _bind(mount: Mount) -> str:
    words = ["ro" if mount.read_only else "rw"]
    if mount.type == "bind":
        words += [word for word in (mount.bind.selinux, mount.bind.propagation) if word]
    elif mount.volume.nocopy:
        words.append("nocopy")
    return f"{mount.source}:{mount.target}:{','.join(words)}"


def _inherited(service: Service, volumes: Mapping[str, str]) -> list[str]:
    """Return the entries of `Binds` for inherited volumes; a declared mount wins at its target."""
    declared = {m.target for m in service.mounts if m.source or _needs_structure(m)}
    return [
        f"{name}:{target}:rw" for target, name in sorted(volumes.items()) if target not in declared
    ]


def _structured(mount: Mount, volumes: Mapping[str, str]) -> Json:
    source = mount.source or volumes.get(mount.target, "")
    body: Json = {"Type": mount.type, "Target": mount.target, "ReadOnly": mount.read_only}
    if source:
        body["Source"] = source
    if mount.type == "bind":
        options: Json = {
            "Propagation": mount.bind.propagation,
            "NonRecursive": mount.bind.recursive == "disabled",
            "ReadOnlyNonRecursive": mount.bind.recursive == "writable",
            "ReadOnlyForceRecursive": mount.bind.recursive == "readonly",
        }
        body["BindOptions"] = {key: value for key, value in options.items() if value}
    else:
        options = {
            "NoCopy": mount.volume.nocopy,
            "Labels": dict(mount.volume.labels),
            "Subpath": mount.volume.subpath,
        }
        body["VolumeOptions"] = {key: value for key, value in options.items() if value}
    return body


def _tmpfs(mount: Mount) -> str:
    options = mount.tmpfs
    words = [
        "ro" if mount.read_only else "",
        f"size={options.size}" if options.size is not None else "",
        f"mode={options.mode:o}" if options.mode is not None else "",
        *options.others,
    ]
    return ",".join(filter(None, words))
