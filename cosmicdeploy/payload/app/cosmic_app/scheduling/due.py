"""When scheduled commands are due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from cosmic_app.console.context import Command


def scheduled(commands: Iterable[Command]) -> list[Command]:
    """Those that are on the schedule."""
    return [command for command in commands if command.every_minutes]


def expression(every_minutes: int) -> str:
    """The cron expression for every so many minutes."""
    return "* * * * *" if every_minutes == 1 else f"*/{every_minutes} * * * *"


def is_due(every_minutes: int, now: datetime) -> bool:
    """Whether the minute of `now` is one of them."""
    return now.minute % every_minutes == 0


def next_due(every_minutes: int, now: datetime) -> datetime:
    """The next such minute, after the one of `now`."""
    moment = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while not is_due(every_minutes, moment):
        moment += timedelta(minutes=1)
    return moment


def seconds_to_next_minute(now: datetime) -> float:
    """How long this minute still lasts."""
    return 60 - now.second - now.microsecond / 1_000_000
