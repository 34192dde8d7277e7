"""Compute a digest of a service's configuration, to detect changes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from cosmicdeploy.stack.model import Service

# Fields that a container does not depend on: how its image is built or pulled, the order of
# starting, how the container is replaced, its hooks, whether names are declared or derived, and the
# replicas.
_IGNORED = (
    "build", "declared_name", "declares_image", "depends_on", "deploy", "post_start", "pre_stop",
    "pull_policy", "replica", "replicas",
)  # fmt: skip


def digest(service: Service) -> str:
    """Return the SHA-256 digest, in hexadecimal, of a service's configuration.

    Fields with their default value do not count, so a new field of `Service` changes no digest.
    """
    plain = asdict(Service(name="", container_name="", image=""))
    counted = {
        key: value
        for key, value in asdict(service).items()
        if key not in _IGNORED and value != plain[key]
    }
    text = json.dumps(counted, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
