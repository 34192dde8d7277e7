"""Format counts, durations, times and shares for people; times in this machine's time zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime


def counted(count: int, one: str, more: str = "") -> str:
    """Format a count: "no error line", "1 error line", "2,000 error lines".

    `more` is the plural; by default, `one` with an "s".
    """
    if not count:
        return f"no {one}"
    return f"1 {one}" if count == 1 else f"{count:,} {more or one + 's'}"


def format_releases(releases: Mapping[str, str]) -> str:
    """Format application name → release: "2" if all have the same, else "api 2, web 3".

    A release that is "" becomes "unknown", and so does an empty mapping.
    """
    known = {name: release or "unknown" for name, release in releases.items()}
    if len(set(known.values())) == 1:
        return next(iter(known.values()))
    return ", ".join(f"{name} {release}" for name, release in known.items()) or "unknown"


def format_duration(seconds: float) -> str:
    """Format a duration in a suitable unit: "90 s", "45 min", "3.5 h", "2.0 d"."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} d"


def format_time(at: datetime) -> str:
    """Format a time to the second: "2026-11-29 22:30:00"."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def format_timestamp(text: str) -> str:
    """Format a time in ISO 8601; return any other text unchanged."""
    try:
        return format_time(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return text


def format_short_timestamp(text: str) -> str:
    """Format a time in ISO 8601 without the year, for a table: "11-29 22:30:00".

    Returns "" for an empty text, and for a time in the year 1, which the engine uses for "never".
    Raises `ValueError` for any other text.
    """
    if not text or text.startswith("0001"):
        return ""
    return f"{datetime.fromisoformat(text).astimezone():%m-%d %H:%M:%S}"


def format_percent(share: float) -> str:
    """Format a share between 0 and 1 as a percentage, with more decimals near 0% and 100%.

    Only 0 and 1 themselves are shown as 0% and 100%: 0.00001 is "<0.01%", 0.99999 ">99.99%".
    """
    if share in (0, 1):
        return f"{share:.0%}"
    if 0 < share < 0.0001:
        return "<0.01%"
    if 0.9999 < share < 1:
        return ">99.99%"
    return f"{share:.2%}" if share < 0.01 or share > 0.99 else f"{share:.1%}"


def to_iso(at: float) -> str:
    """Return a Unix time as ISO 8601, in this machine's time zone."""
    return datetime.fromtimestamp(at, UTC).astimezone().isoformat(timespec="seconds")
