"""The time as journals, reports and locks write it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Return the current time in ISO 8601, to the millisecond, with the time zone's offset."""
    return datetime.now(UTC).astimezone().isoformat(timespec="milliseconds")
