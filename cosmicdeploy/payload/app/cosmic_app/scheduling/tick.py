"""The scheduler: run due commands, minute by minute."""

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

NOTHING_DUE = "No scheduled commands are ready to run."

logger = logging.getLogger(__name__)


def run_due(console: Console, commands: Sequence[Command], now: datetime) -> None:
    """Run the commands that are due this minute, in sequence, even if one of them fails."""
    due = [command for command in commands if is_due(command.every_minutes or 1, now)]
    if not due:
        logger.info(NOTHING_DUE)
    client = console.connect_redis()
    switches = Switches(console.settings.features)
    for command in due:
        if command.feature and not switches.enabled(command.feature):
            logger.info("Skipping command (switched off): Artisan %s", command.name)
        elif first_in_minute(client, command.name, now):
            run_without_overlap(console, command, client)
        else:
            logger.info("Skipping command (started in this minute): Artisan %s", command.name)


def run_without_overlap(console: Console, command: Command, client: redis.Redis) -> None:
    """Run a command unless an earlier run of it is still under way."""
    with without_overlapping(client, command.name) as acquired:
        if not acquired:
            logger.info("Skipping command (still running): Artisan %s", command.name)
            return
        logger.info("Running scheduled command: Artisan %s", command.name)
        try:
            command.handle(console, parser_for(command).parse_args([]))
        except Exception:
            logger.exception("Scheduled command failed: Artisan %s", command.name)


def run_every_minute(
    tick: Callable[[datetime], None],
    clock: Callable[[], datetime],
    stopped: Callable[[float], bool],
    alive: Callable[[], None],
) -> None:
    """Call `tick` immediately and then once per minute until `stopped`.

    Thanks to the immediate call, a restarted scheduler skips no minute in which it runs. `stopped`
    waits up to the given seconds for a signal; between ticks, `alive` is called at least every 5 s.
    """
    last_tick = None
    while not stopped(0):
        alive()
        now = clock()
        minute = now.replace(second=0, microsecond=0)
        if minute != last_tick:
            tick(now)
            last_tick = minute
        if stopped(min(5.0, seconds_to_next_minute(clock()))):
            return
