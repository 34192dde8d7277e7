"""What makes a container what it is, as a digest: a change shows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from cosmicdeploy.stack.model import Service

# Neither the way an image is made, nor the order of starting, nor who named what is part of a
# container.
_NOT_OF_THE_CONTAINER = ("build", "depends_on", "declared_name", "declares_image")


def digest(service: Service) -> str:
    """SHA-256, in hexadecimal, of a service's whole configuration."""
    fields = asdict(service)
    counted = {key: fields[key] for key in fields if key not in _NOT_OF_THE_CONTAINER}
    text = json.dumps(counted, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
