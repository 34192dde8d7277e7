"""A digest of a service's configuration, to detect changes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from cosmicdeploy.stack.model import Service

# A container does not depend on how its image is built, on the order of starting, or on whether
# names are declared or derived.
_IGNORED = ("build", "depends_on", "declared_name", "declares_image", "pull_policy")


def digest(service: Service) -> str:
    """Return the SHA-256 digest, in hexadecimal, of a service's configuration."""
    fields = asdict(service)
    counted = {key: fields[key] for key in fields if key not in _IGNORED}
    text = json.dumps(counted, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
