"""What makes a container what it is, as digests: a change shows, a secret does not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

from cosmicdeploy.stack.model import Service

# Neither the way an image is made nor the order of starting is part of a container.
_NOT_OF_THE_CONTAINER = ("build", "depends_on")


def digest(service: Service) -> str:
    """SHA-256, in hexadecimal, of a service's whole configuration."""
    return _sha256(_configuration(service))


def fingerprint(service: Service) -> dict[str, str]:
    """Field name → the first 12 digits of its own SHA-256: tells which field changed."""
    return {key: _sha256(value)[:12] for key, value in _configuration(service).items()}


def _configuration(service: Service) -> dict[str, Any]:
    fields = asdict(service)
    return {key: fields[key] for key in fields if key not in _NOT_OF_THE_CONTAINER}


def _sha256(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
