"""Parse durations and times as operators write them on the command line."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from cosmicdeploy.errors import UsageError
from cosmicdeploy.files.written_model import LARGEST
from cosmicdeploy.text.shorten import cut

# The seconds of each unit.
UNITS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
# The engine counts times in nanoseconds since 1970, as a number that ends in 2262.
FIRST_YEAR, LAST_YEAR = 1970, 2199
DURATION = re.compile(r"(?:\d+(?:\.\d+)?[dhms])+")
NUMBER = re.compile(r"\d+(?:\.\d+)?|\.\d+")
PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
CLOCK = re.compile(r"\d\d?:\d\d(?::\d\d)?")


def parse_time(text: str, now: datetime) -> datetime:
    """Parse an age ("90s", "1h30m", "2d"), a time of today ("18:30") or an ISO 8601 time.

    An age is counted back from `now`. A time without a zone is in the zone of `now`. Raises
    `UsageError` for any other text, for an age of more than `LARGEST` seconds, and for a year
    before `FIRST_YEAR` or after `LAST_YEAR`.
    """
    if DURATION.fullmatch(text):
        return now - timedelta(seconds=_seconds(text))
    try:
        moment = datetime.fromisoformat(_with_date(text, now))
    except ValueError:
        raise UsageError(
            f"{text!r} is neither a duration nor a time",
            where="--since",
            todo="write 90s, 10m, 1h30m, 2d, 18:30 or 2026-02-02T18:30",
        ) from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise UsageError(
            f"{text!r} is not in the years {FIRST_YEAR} to {LAST_YEAR}",
            where="--since",
            todo="write a time in these years",
        )
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)


def _with_date(text: str, now: datetime) -> str:
    """Return a time of day ("9:05") as an ISO 8601 time of today, and any other text unchanged."""
    if not CLOCK.fullmatch(text):
        return text
    hour, rest = text.split(":", 1)
    return f"{now:%Y-%m-%d}T{hour:0>2}:{rest}"


def parse_duration(text: str) -> float:
    """Return the seconds of a duration: a number of seconds ("600"), or with units ("1h30m").

    Raises `UsageError` for any other text, and for more than `LARGEST` seconds.
    """
    if NUMBER.fullmatch(text):
        return _bounded(text, float(text))
    if DURATION.fullmatch(text):
        return _seconds(text)
    raise UsageError(
        f"{text!r} is not a duration",
        todo="write a number of seconds, or 90s, 10m, 1h30m; not below 0",
    )


def _seconds(text: str) -> float:
    return _bounded(text, sum(float(number) * UNITS[unit] for number, unit in PART.findall(text)))


def _bounded(text: str, seconds: float) -> float:
    if seconds > LARGEST:
        raise UsageError(
            f"{cut(text, 20)!r} is too long", todo=f"write at most {LARGEST // UNITS['d']}d"
        )
    return seconds
