"""Read the numbers in texts from elsewhere."""

from __future__ import annotations


def port_number(text: str) -> int | None:
    """Return the port that a text means; None if it means none."""
    is_number = text.isascii() and text.isdecimal() and len(text) < 6
    return int(text) if is_number and 0 < int(text) < 1 << 16 else None
