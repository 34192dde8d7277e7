"""Convert durations ("1m30s") to seconds and sizes ("512m") to bytes."""

from __future__ import annotations

import re

from cosmicdeploy.stack.compose_value import ComposeValue

_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
# At most 20 digits before the point: a float of several hundred digits would be infinite.
_PART = r"(\d{1,20}(?:\.\d+)?)(ms|us|ns|d|h|m|s)"
_SIZE = re.compile(r"(\d{1,20}(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)


def seconds(entry: ComposeValue) -> float:
    """Return a duration such as "1m30s", "500ms" or "2s" in seconds."""
    text = entry.text()
    if text == "0":
        return 0.0
    if not re.fullmatch(f"(?:{_PART})+", text):
        raise entry.error(f"'{text}' is not a duration", "write a number and its unit, as in 1m30s")
    return round(sum(float(n) * _SECONDS[unit] for n, unit in re.findall(_PART, text)), 9)


def size(entry: ComposeValue) -> int:
    """Return a size such as "512m" or "1g" (powers of 1024), or a number of bytes, in bytes."""
    match = _SIZE.fullmatch(entry.text())
    if match is None:
        raise entry.error(f"'{entry.text()}' is not a size", "write for example 512m or 1g")
    return int(float(match[1]) * 1024 ** " kmgt".index(match[2].lower() or " "))
