"""The command devices:monitor-status."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cosmic_app.cache import Breaker
from cosmic_app.console.context import Command, Console
from cosmic_app.console.table import render_table
from cosmic_app.features import MONITOR
from cosmic_app.monitor.decide import DeviceState
from cosmic_app.transitions import Transition, announce

if TYPE_CHECKING:
    from cosmic_app.monitor.sweep import Sweep


def monitor(console: Console, options: Namespace) -> int:
    """Demote silent devices (lower their status); with --dry-run, only show them."""
    from cosmic_app.monitor.sweep import Sweep

    sweep = Sweep(console.settings)
    try:
        return check_devices(console, options, sweep)
    finally:
        sweep.close()


def check_devices(console: Console, options: Namespace, sweep: Sweep) -> int:
    """Check all devices once, demote the silent ones, and print how many were changed.

    A dry run prints the demotions that are due, and changes nothing.
    """
    if not (console.verbose or options.dry_run):
        checked, done = _checked(sweep.count()), demote(console, sweep, sweep.late())
        console.line(f"{checked}, {len(done)} changed.")
        return 0
    devices = sweep.demotable()
    due, checked = sweep.due(devices), _checked(len(devices))
    if console.verbose:
        console.line(device_table(devices))
    if options.dry_run:
        print_transitions(console, due)
        console.line(f"Dry run: {checked}, {len(due)} would change.")
        return 0
    done = demote(console, sweep, [transition.device_id for transition in due])
    print_transitions(console, done)
    console.line(f"{checked}, {len(done)} changed.")
    return 0


def _checked(count: int) -> str:
    return "1 device checked" if count == 1 else f"{count} devices checked"


def demote(console: Console, sweep: Sweep, ids: Sequence[int]) -> list[Transition]:
    """Demote the devices that are still silent; announce and return the committed transitions."""
    breaker = Breaker(console.connect_redis())
    done: list[Transition] = []
    for transitions in sweep.apply(ids):
        announce(transitions, breaker)
        done += transitions
    return done


def print_transitions(console: Console, transitions: Sequence[Transition]) -> None:
    """Print one line per transition."""
    for t in transitions:
        console.line(f"{t.device_name}: {t.from_status} -> {t.to_status} ({t.reason})")


def device_table(devices: Sequence[DeviceState]) -> str:
    """Render the checked devices, with their status before the check."""
    rows = [(d.id, d.name, d.status, f"{d.silence:.0f}s", f"{d.interval}s") for d in devices]
    return render_table(("ID", "Name", "Status", "Silent for", "Interval"), rows)


def add_options(parser: ArgumentParser) -> None:
    """Add the options of devices:monitor-status."""
    parser.add_argument("--dry-run", action="store_true", help="change nothing")


COMMANDS = (
    Command(
        name="devices:monitor-status",
        description="Monitor device heartbeats and update device status",
        handle=monitor,
        options=add_options,
        every_minutes=1,
        feature=MONITOR,
    ),
)
