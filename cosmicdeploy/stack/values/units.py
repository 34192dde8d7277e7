"""Convert durations ("1m30s") to seconds, sizes ("512m") to bytes, and file modes."""

from __future__ import annotations

import re

from cosmicdeploy.stack.values.compose_value import ComposeValue

_SECONDS = {
    "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "\u00b5s": 1e-6,
    "\u03bcs": 1e-6, "ns": 1e-9,
}  # fmt: skip
# At most 20 digits before the point: a float of several hundred digits would be infinite.
_PART = r"(\d{1,20}(?:\.\d*)?|\.\d{1,20})(ms|us|\u00b5s|\u03bcs|ns|d|h|m|s)"
_SIZE = re.compile(r"(\d{1,20}(?:\.\d+)?)\s*([kmgtp]?)i?b?", re.IGNORECASE)
_MODE = re.compile(r"(0o)?[0-7]{1,6}")


def seconds(entry: ComposeValue) -> float:
    """Return a duration such as "1m30s", "500ms" or "0" in seconds."""
    text = entry.text().removeprefix("+")
    if text == "0":
        return 0.0
    if not re.fullmatch(f"(?:{_PART})+", text):
        raise entry.error(f"'{text}' is not a duration", "write a number and its unit, as in 1m30s")
    return round(sum(float(n) * _SECONDS[unit] for n, unit in re.findall(_PART, text)), 9)


def size(entry: ComposeValue) -> int:
    """Return a size in bytes; it may have a unit, as in "512m" or "1g" (powers of 1024)."""
    count = parse_size(entry.text())
    if count is None:
        raise entry.error(f"'{entry.text()}' is not a size", "write for example 512m or 1g")
    return count


def parse_size(text: str) -> int | None:
    """Return a size in bytes; None if the text is no size."""
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    return int(float(match[1]) * 1024 ** " kmgtp".index(match[2].lower() or " "))


def size_or_unlimited(entry: ComposeValue) -> int:
    """Return a size in bytes; -1 stands for no limit."""
    return -1 if entry.text() == "-1" else size(entry)


def file_mode(entry: ComposeValue) -> int:
    """Return a file's mode.

    A text is read as octal ("0440"). A number is returned as it is: YAML has read its octal digits.
    """
    if isinstance(entry.data, int) and not isinstance(entry.data, bool):
        return entry.data
    mode = parse_mode(entry.text())
    if mode is None:
        raise entry.error(f"'{entry.text()}' is not a mode", "write for example 0440")
    return mode


def parse_mode(text: str) -> int | None:
    """Return an octal mode as a number; None if the text is no octal number."""
    return int(text.removeprefix("0o"), 8) if _MODE.fullmatch(text) else None
