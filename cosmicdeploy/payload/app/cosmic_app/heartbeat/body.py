"""What a beat's body may say."""

from __future__ import annotations

import json
import math

MAXIMUM_BYTES = 4096


class BadBody(Exception):
    """The body cannot be used; `status` is the HTTP status that says so."""

    def __init__(self, reason: str, *, status: int = 422, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.field = field


def parse_battery_level(body: bytes) -> float:
    """The battery level in per cent. Raises `BadBody` with the reason."""
    level = _parse_object(body).get("battery_level")
    if level is None:
        raise BadBody("The battery level field is required.", field="battery_level")
    if isinstance(level, bool) or not isinstance(level, int | float) or math.isnan(level):
        raise BadBody("The battery level must be a number.", field="battery_level")
    if not 0 <= level <= 100:
        raise BadBody("The battery level must be between 0 and 100.", field="battery_level")
    return float(level)


def _parse_object(body: bytes) -> dict[str, object]:
    if len(body) > MAXIMUM_BYTES:
        raise BadBody(f"The body must not be larger than {MAXIMUM_BYTES} bytes.", status=413)
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise BadBody("The body must be JSON.", status=400) from None
    if not isinstance(content, dict):
        raise BadBody("The body must be a JSON object.")
    return content
