"""Calculate when scheduled commands are due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from cosmic_app.console.context import Command


def scheduled(commands: Iterable[Command]) -> list[Command]:
    """Return the commands that are on the schedule."""
    return [command for command in commands if command.every_minutes]


def expression(every_minutes: int) -> str:
    """Return the cron expression for an interval in minutes."""
    return "* * * * *" if every_minutes == 1 else f"*/{every_minutes} * * * *"


def is_due(every_minutes: int, now: datetime) -> bool:
    """Return whether a command with this interval is due in the minute of `now`."""
    return now.minute % every_minutes == 0


def next_due(every_minutes: int, now: datetime) -> datetime:
    """Return the next minute after `now` in which a command with this interval is due."""
    moment = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while not is_due(every_minutes, moment):
        moment += timedelta(minutes=1)
    return moment


def seconds_to_next_minute(now: datetime) -> float:
    """Return the seconds until the next minute."""
    return 60 - now.second - now.microsecond / 1_000_000
