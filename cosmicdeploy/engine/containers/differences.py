"""Detect drift: the keys in which a container differs from its definition.

The definition is completed with the defaults of the container's own image, then compared with what
the engine reports about the container. So the result does not depend on who created the container,
and no values need to be recorded at its creation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.comparison.compose_keys import compose_keys
from cosmicdeploy.engine.containers.comparison.image_defaults import with_defaults
from cosmicdeploy.engine.containers.comparison.mounts import declared_mounts, present_mounts
from cosmicdeploy.engine.containers.comparison.networks import (
    declared_links,
    declared_networks,
    present_links,
    present_networks,
)
from cosmicdeploy.engine.containers.comparison.platform import declared_platform, image_platform
from cosmicdeploy.engine.containers.creation.create_request import container_body
from cosmicdeploy.engine.containers.creation.drain_check import with_drain_check
from cosmicdeploy.engine.facts import Difference
from cosmicdeploy.stack.model import Service

Json = Mapping[str, Any]
Keys = dict[str, str]
# Keys whose values may hold a secret, such as a password on a command line.
HIDDEN = (
    "environment.",
    "labels.",
    "logging.options.",
    "command",
    "entrypoint",
    "healthcheck.test",
)
# Keys whose default comes from the engine's own configuration, which its API does not report.
ENGINE_DEFAULT_KEYS = ("logging.", "shm_size", "cgroup", "ipc", "memswap_limit", "runtime")
# Keys that the engine drops with a warning if the kernel does not support them.
DROPPED_KEYS = (
    "blkio_config.", "mem_reservation", "mem_swappiness", "memswap_limit", "oom_kill_disable",
)  # fmt: skip


def differences(service: Service, container: Json, image: Json) -> list[Difference]:
    """Return the keys in which a container differs from its definition, sorted by key.

    `container` and `image` are the engine's inspections of the container and of its own image. In
    `service` and `container`, references to other containers must be ids
    (`creation/references.py`).
    """
    own_labels = container["Config"].get("Labels") or {}
    project, config = own_labels.get(labels.PROJECT, ""), image.get("Config") or {}
    declared = {
        **_declared(with_drain_check(service, config, own_labels), config),
        **declared_links(service, project),
        **declared_platform(service, image),
    }
    actual = {**_actual(service, container), **image_platform(service, image)}
    if _declared_at_creation(container) is None:
        declared, actual = _without_modes(declared), _without_modes(actual)
    compared = declared.keys() | {key for key in actual if _was_declared(key, container)}
    return [
        _difference(key, actual.get(key), declared.get(key))
        for key in sorted(compared - _unset_variables(container))
        if declared.get(key) != actual.get(key)
        and not (key in declared and _was_dropped(key, actual.get(key), container))
    ]


def declared_engine_keys(service: Service) -> str:
    """Return the declared keys that the engine may also set or drop by itself.

    The keys are joined by commas, for the label `DECLARED_ENGINE_KEYS` of a new container. By this
    label, a later comparison distinguishes a change of the compose file from a change by the
    engine.
    """
    body = container_body(service, service.image, {}, {})
    keys = compose_keys(body, body["HostConfig"])
    kept = (*ENGINE_DEFAULT_KEYS, *DROPPED_KEYS)
    return ",".join(sorted(key for key in keys if key.startswith(kept)))


def _declared(service: Service, image: Json) -> Keys:
    body = container_body(service, service.image, {}, {})
    return {
        **compose_keys(with_defaults(body, image), body["HostConfig"]),
        **declared_mounts(service, image),
        **declared_networks(service),
    }


def _actual(service: Service, container: Json) -> Keys:
    config = dict(container["Config"])
    if config.get("Hostname") == container["Id"][:12] or _has_others_hostname(service, container):
        config.pop("Hostname", None)  # the engine set this hostname, not the definition
    return {
        **compose_keys(config, container["HostConfig"]),
        **present_mounts(container),
        **present_networks(container, service),
        **present_links(container, service),
    }


def _without_modes(keys: Keys) -> Keys:
    """Return the keys without the mode `:ro` of `volumes_from`, which Compose drops."""
    return {
        key.removesuffix(":ro") if key.startswith("volumes_from.") else key: value
        for key, value in keys.items()
    }


def _has_others_hostname(service: Service, container: Json) -> bool:
    """Return whether the container shares the hostname of its host or of another container."""
    host = container["HostConfig"]
    mode = str(host.get("NetworkMode") or "")
    is_shared = mode == "host" or mode.startswith("container:") or host.get("UTSMode") == "host"
    return service.hostname is None and is_shared


def _unset_variables(container: Json) -> set[str]:
    """Return the keys of variables that were declared without a value, and had none at creation."""
    entries = container["Config"].get("Env") or []
    return {f"environment.{entry}" for entry in entries if "=" not in entry}


def _was_declared(key: str, container: Json) -> bool:
    """Return whether the container has a key by declaration, not as a default of the engine."""
    if not key.startswith(ENGINE_DEFAULT_KEYS):
        return True
    return key in (_declared_at_creation(container) or ())


def _was_dropped(key: str, value: str | None, container: Json) -> bool:
    """Return whether the engine may have dropped a declared key at the container's creation.

    `value` is the container's value of the key. Which keys were declared is unknown for a container
    that Compose created; any key that the engine can drop then counts as declared.
    """
    if not key.startswith(DROPPED_KEYS) or value not in (None, "-1"):
        return False
    declared = _declared_at_creation(container)
    return declared is None or key in declared


def _declared_at_creation(container: Json) -> list[str] | None:
    """Return the keys in the label `DECLARED_ENGINE_KEYS`; None if Compose created the container.

    Only cosmicdeploy sets this label.
    """
    own_labels = container["Config"].get("Labels") or {}
    text = own_labels.get(labels.DECLARED_ENGINE_KEYS)
    return None if text is None else text.split(",")


def _difference(key: str, old: str | None, new: str | None) -> Difference:
    change: Literal["added", "removed", "changed"] = "changed"
    if old is None:
        change = "added"
    elif new is None:
        change = "removed"
    if key.startswith(HIDDEN):
        return Difference(key=key, change=change)
    return Difference(key=key, change=change, old=old, new=new)
