"""One minute of the scheduler."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cosmic_app.console.arguments import parser_for
from cosmic_app.console.context import Command, Console
from cosmic_app.features import Switches
from cosmic_app.scheduling.due import is_due, seconds_to_next_minute
from cosmic_app.scheduling.overlap import first_in_minute, without_overlapping

if TYPE_CHECKING:
    import redis

NOTHING = "No scheduled commands are ready to run."

logger = logging.getLogger(__name__)


def run_due(console: Console, commands: Sequence[Command], now: datetime) -> None:
    """Run what is due this minute, one after the other; one that fails stops no other."""
    due = [command for command in commands if is_due(command.every_minutes or 1, now)]
    if not due:
        logger.info(NOTHING)
    client = console.connect_redis()
    switches = Switches(console.settings.features)
    for command in due:
        if command.feature and not switches.enabled(command.feature):
            logger.info("Skipping command (switched off): Artisan %s", command.name)
        elif first_in_minute(client, command.name, now):
            run_alone(console, command, client)
        else:
            logger.info("Skipping command (begun in this minute): Artisan %s", command.name)


def run_alone(console: Console, command: Command, client: redis.Redis) -> None:
    """Run one command, unless an earlier run of it is still at work."""
    with without_overlapping(client, command.name) as free:
        if not free:
            logger.info("Skipping command (still running): Artisan %s", command.name)
            return
        logger.info("Running scheduled command: Artisan %s", command.name)
        try:
            command.handle(console, parser_for(command).parse_args([]))
        except Exception:
            logger.exception("Scheduled command failed: Artisan %s", command.name)


def keep_time(
    tick: Callable[[datetime], None],
    clock: Callable[[], datetime],
    stopped: Callable[[float], bool],
    alive: Callable[[], None],
) -> None:
    """Call `tick` at once and then once in every minute, until told to stop.

    At once, so that a restarted scheduler leaves no gap: a minute is missed only where there was no
    scheduler from its beginning to its end.
    """
    done = None
    while not stopped(0):
        alive()
        now = clock()
        minute = now.replace(second=0, microsecond=0)
        if minute != done:
            tick(now)
            done = minute
        if stopped(min(5.0, seconds_to_next_minute(clock()))):
            return
