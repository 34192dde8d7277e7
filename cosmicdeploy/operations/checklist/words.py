"""Figures as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def percent(share: float) -> str:
    """A share of one, fine enough to tell it from 0 % and 100 %."""
    if share in (0, 1):
        return f"{share:.0%}"
    return f"{share:.2%}" if share < 0.01 or share > 0.99 else f"{share:.1%}"


def moment(at: float) -> str:
    """A Unix time in this machine's zone, as ISO 8601."""
    return datetime.fromtimestamp(at, UTC).astimezone().isoformat(timespec="seconds")


def clock(at: str) -> str:
    """Of such a moment the time of day."""
    return at[11:16]
