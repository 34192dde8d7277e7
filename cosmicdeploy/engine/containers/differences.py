"""Detect drift: the keys in which a container differs from its definition.

The definition, applied to the container's own image, is compared with what the engine reports of
the container. So it does not matter who created the container, and no values need to be recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.compose_keys import compose_keys
from cosmicdeploy.engine.containers.create_request import container_body
from cosmicdeploy.engine.containers.image_defaults import with_defaults
from cosmicdeploy.engine.containers.mounts_and_networks import (
    declared_mounts,
    declared_networks,
    present_mounts,
    present_networks,
)
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
# Keys whose default comes from the engine's own configuration, which the engine does not report.
ENGINE_DEFAULT_KEYS = ("logging.", "shm_size")


def differences(service: Service, container: Json, image: Json) -> list[Difference]:
    """Return the keys in which the container differs from its definition, sorted.

    `container` and its own `image` are as the engine inspects them.
    """
    declared = _declared(service, image.get("Config") or {})
    actual = _actual(service, container)
    compared = declared.keys() | {key for key in actual if _was_declared(key, container)}
    return [
        _difference(key, actual.get(key), declared.get(key))
        for key in sorted(compared - _unset_variables(container))
        if declared.get(key) != actual.get(key)
    ]


def declared_engine_keys(service: Service) -> str:
    """Return the keys of `ENGINE_DEFAULT_KEYS` that a definition sets, joined by commas.

    A label of the container keeps them, so that their later removal from the file is detected.
    """
    body = container_body(service, service.image, {}, {})
    keys = compose_keys(body, body["HostConfig"])
    return ",".join(sorted(key for key in keys if key.startswith(ENGINE_DEFAULT_KEYS)))


def _declared(service: Service, image: Json) -> Keys:
    body = container_body(service, service.image, {}, {})
    return {
        **compose_keys(with_defaults(body, image), body["HostConfig"]),
        **declared_mounts(service, image),
        **declared_networks(service),
    }


def _actual(service: Service, container: Json) -> Keys:
    config = dict(container["Config"])
    if config.get("Hostname") == container["Id"][:12]:
        del config["Hostname"]  # the engine's default
    return {
        **compose_keys(config, container["HostConfig"]),
        **present_mounts(container),
        **present_networks(container, service),
    }


def _unset_variables(container: Json) -> set[str]:
    """Return the keys of variables that are declared without a value, and set nowhere."""
    entries = container["Config"].get("Env") or []
    return {f"environment.{entry}" for entry in entries if "=" not in entry}


def _was_declared(key: str, container: Json) -> bool:
    """Return whether a key of the container was declared, rather than an engine's default."""
    if not key.startswith(ENGINE_DEFAULT_KEYS):
        return True
    own_labels = container["Config"].get("Labels") or {}
    return key in own_labels.get(labels.DECLARED_ENGINE_KEYS, "").split(",")


def _difference(key: str, old: str | None, new: str | None) -> Difference:
    change: Literal["added", "removed", "changed"] = "changed"
    if old is None:
        change = "added"
    elif new is None:
        change = "removed"
    if key.startswith(HIDDEN):
        return Difference(key=key, change=change)
    return Difference(key=key, change=change, old=old, new=new)
