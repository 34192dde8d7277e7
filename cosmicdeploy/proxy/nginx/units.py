"""nginx's notation of times and numbers."""

from __future__ import annotations

import re

# nginx's default for how long it skips a server that has failed.
FAIL_TIMEOUT = "10s"
# nginx's units of time in seconds; a month has 30 days, a year 365.
UNITS = {
    **{"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600},
    **{"d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000},
}
PART = re.compile(r"(\d+)(ms|[smhdwMy]?)")


def seconds(text: str) -> float:
    """Convert a time in nginx's notation to seconds: `100ms`, `60`, `1d 2h`."""
    return sum(int(number) * UNITS[unit] for number, unit in PART.findall(text))


def number(text: str, default: int) -> int:
    """Convert a number of at most 9 digits; return the default for all else, such as a variable."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else default
