"""Parse durations and times as operators write them on the command line."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from cosmicdeploy.errors import UsageError

UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
DURATION = re.compile(r"(?:\d+(?:\.\d+)?[dhms])+")
NUMBER = re.compile(r"\d+(?:\.\d+)?|\.\d+")
PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
CLOCK = re.compile(r"\d\d?:\d\d(?::\d\d)?")


def parse_time(text: str, now: datetime) -> datetime:
    """Parse an age ("90s", "1h30m", "2d"), a time of today ("18:30") or an ISO 8601 time.

    An age is counted back from `now`. A time without a zone is in the zone of `now`. Raises
    `UsageError` for any other text.
    """
    if DURATION.fullmatch(text):
        return now - _duration(text)
    if CLOCK.fullmatch(text):
        text = f"{now:%Y-%m-%d}T{text:0>{5 if text.count(':') == 1 else 8}}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is neither a duration nor a time",
            where="--since",
            todo="write 90s, 10m, 1h30m, 2d, 18:30 or 2026-02-02T18:30",
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)


def parse_duration(text: str) -> float:
    """Return the seconds of a number ("600") or a duration ("1h30m"). Raises `UsageError`."""
    if NUMBER.fullmatch(text):
        return float(text)
    if DURATION.fullmatch(text):
        return _duration(text).total_seconds()
    raise UsageError(
        f"{text!r} is not a duration",
        todo="write a number of seconds, or 90s, 10m, 1h30m; not below 0",
    )


def _duration(text: str) -> timedelta:
    parts = PART.findall(text)
    return sum((timedelta(**{UNITS[unit]: float(number)}) for number, unit in parts), timedelta())
