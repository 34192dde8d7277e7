"""How a container differs from its definition, key by key.

What the definition would make of the container's own image is held against what the engine tells
of the container. So it does not matter who made it, and no value has to be written down anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.compose_keys import configured
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
# Values that may hold a secret, as a password on a command line does.
HIDDEN = (
    "environment.",
    "labels.",
    "logging.options.",
    "command",
    "entrypoint",
    "healthcheck.test",
)
# Where the file says nothing, the engine's own configuration decides, and does not tell how.
OF_THE_ENGINE = ("logging.", "shm_size")


def differences(service: Service, container: Json, image: Json) -> list[Difference]:
    """`container` and its own `image` are what the engine answers about them."""
    wanted = _wanted(service, image.get("Config") or {})
    found = _found(service, container)
    told = wanted.keys() | {key for key in found if _is_told(key, container)}
    return [
        _difference(key, found.get(key), wanted.get(key))
        for key in sorted(told - _taken_away(container))
        if wanted.get(key) != found.get(key)
    ]


def given(service: Service) -> str:
    """Names of the keys of `OF_THE_ENGINE` that a definition gives; kept on the container, so that
    it can be told later that one of them went away."""
    body = container_body(service, service.image, {}, {})
    keys = configured(body, body["HostConfig"])
    return ",".join(sorted(key for key in keys if key.startswith(OF_THE_ENGINE)))


def _wanted(service: Service, image: Json) -> Keys:
    body = container_body(service, service.image, {}, {})
    return {
        **configured(with_defaults(body, image), body["HostConfig"]),
        **declared_mounts(service, image),
        **declared_networks(service),
    }


def _found(service: Service, container: Json) -> Keys:
    config = dict(container["Config"])
    if config.get("Hostname") == container["Id"][:12]:
        del config["Hostname"]  # nobody asked for it
    return {
        **configured(config, container["HostConfig"]),
        **present_mounts(container),
        **present_networks(container, service),
    }


def _taken_away(container: Json) -> set[str]:
    """Variables that Compose took away on purpose: named in the file, with a value nowhere."""
    entries = container["Config"].get("Env") or []
    return {f"environment.{entry}" for entry in entries if "=" not in entry}


def _is_told(key: str, container: Json) -> bool:
    """Whether somebody gave it to the container, as far as that can be known."""
    own = container["Config"].get("Labels") or {}
    return not key.startswith(OF_THE_ENGINE) or key in own.get(labels.GIVEN, "").split(",")


def _difference(key: str, old: str | None, new: str | None) -> Difference:
    change: Literal["added", "removed", "changed"] = "changed"
    if old is None:
        change = "added"
    elif new is None:
        change = "removed"
    if key.startswith(HIDDEN):
        return Difference(key=key, change=change)
    return Difference(key=key, change=change, old=old, new=new)
