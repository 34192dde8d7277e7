"""The commands schedule:list, schedule:run and schedule:work."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime

from cosmic_app.console.context import Command, Console
from cosmic_app.console.registry import discover
from cosmic_app.console.table import render_table
from cosmic_app.features import Switches
from cosmic_app.log import log_lifetime
from cosmic_app.scheduling.due import expression, next_due, scheduled
from cosmic_app.scheduling.tick import NOTHING_DUE, run_due, run_every_minute
from cosmic_app.stop import StopSignal


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def show(console: Console, options: Namespace) -> int:
    """Print the scheduled commands, each with its interval and next run."""
    commands = scheduled(discover().values())
    if not commands:
        console.line(NOTHING_DUE)
        return 0
    console.line(schedule_table(commands, now(), Switches(console.settings.features)))
    return 0


def schedule_table(commands: list[Command], moment: datetime, switches: Switches) -> str:
    """Render one row per scheduled command."""
    rows = [
        (
            expression(command.every_minutes or 1),
            command.name,
            command.description,
            _next_due(command, moment, switches),
        )
        for command in commands
    ]
    return render_table(("Interval", "Command", "Description", "Next Due"), rows)


def _next_due(command: Command, moment: datetime, switches: Switches) -> str:
    if command.feature and not switches.enabled(command.feature):
        return "switched off"
    return next_due(command.every_minutes or 1, moment).strftime("%Y-%m-%d %H:%M:%S +00:00")


def run_once(console: Console, options: Namespace) -> int:
    """Run the commands that are due this minute."""
    run_due(console, scheduled(discover().values()), now())
    return 0


def work(console: Console, options: Namespace) -> int:
    """Run due commands every minute until SIGTERM."""
    stopped = StopSignal()
    commands = scheduled(discover().values())
    console.line("Schedule worker started successfully.")
    with log_lifetime("Schedule worker", console.settings.release):
        run_every_minute(
            tick=lambda moment: run_due(console, commands, moment),
            clock=now,
            stopped=stopped,
            alive=console.settings.alive_file.touch,
        )
    return 0


COMMANDS = (
    Command(name="schedule:list", description="List the scheduled commands", handle=show),
    Command(
        name="schedule:run",
        description="Run the scheduled commands",
        handle=run_once,
        long_running=True,  # ends soon, but logs to standard output like `schedule:work`
    ),
    Command(
        name="schedule:work",
        description="Start the schedule worker",
        handle=work,
        long_running=True,
    ),
)
