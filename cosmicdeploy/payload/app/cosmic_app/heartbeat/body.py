"""Parse and validate the JSON body of a heartbeat request (a beat)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

MAXIMUM_BYTES = 4096
ID = re.compile(r"[0-9A-Za-z._:-]{1,64}")


@dataclass(frozen=True, kw_only=True)
class Content:
    """The battery level in percent, and the id that the sender gave the beat ("" for none)."""

    battery_level: float
    heartbeat_id: str = ""


class BadBody(Exception):
    """The body is invalid; `status` is the HTTP status of the response, `field` the invalid key."""

    def __init__(self, reason: str, *, status: int = 422, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.field = field


def parse_beat(body: bytes) -> Content:
    """Return the content of a beat. Raises `BadBody` with the reason.

    The optional `heartbeat_id` lets a sender find its beat: after a response 200 the device's row
    has this id in `last_heartbeat_id`, until the device sends another beat with an id.
    """
    content = _parse_object(body)
    return Content(battery_level=_battery_level(content), heartbeat_id=_id(content))


def _id(content: dict[str, object]) -> str:
    heartbeat_id = content.get("heartbeat_id")
    if heartbeat_id is None:
        return ""
    if not isinstance(heartbeat_id, str) or not ID.fullmatch(heartbeat_id):
        reason = "The heartbeat id must have 1 to 64 letters, digits, dots, colons, _ or -."
        raise BadBody(reason, field="heartbeat_id")
    return heartbeat_id


def _battery_level(content: dict[str, object]) -> float:
    level = content.get("battery_level")
    if level is None:
        raise BadBody("The battery level field is required.", field="battery_level")
    # Only NaN differs from itself; `math.isnan` raises for integers that are too large for a float.
    if isinstance(level, bool) or not isinstance(level, int | float) or level != level:  # noqa: PLR0124
        raise BadBody("The battery level must be a number.", field="battery_level")
    if not 0 <= level <= 100:
        raise BadBody("The battery level must be between 0 and 100.", field="battery_level")
    # The column has only two decimals. Without rounding, a number that SQL cannot parse (5e-324)
    # would fail all beats of the batch.
    return round(float(level), 6)


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
