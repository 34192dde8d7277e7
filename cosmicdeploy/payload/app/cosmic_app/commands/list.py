"""The command `list`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from itertools import groupby

from cosmic_app.console.context import Command, Console
from cosmic_app.console.registry import discover


def show(console: Console, options: Namespace) -> int:
    """Show all commands."""
    console.line(overview(console.settings.release, discover()))
    return 0


def overview(release: str, commands: Mapping[str, Command]) -> str:
    """Render all commands with their descriptions, grouped by prefix."""
    width = max(len(name) for name in commands) + 2
    lines = [f"Cosmic Media Streaming {release}", ""]
    lines += ["Usage:", "  command [options] [arguments]", "", "Available commands:"]
    for group, members in groupby(sorted(commands, key=_sort_key), key=_group):
        lines += [f" {group}"] if group else []
        lines += [f"  {name.ljust(width)}{commands[name].description}" for name in members]
    return "\n".join(lines)


def _group(name: str) -> str:
    prefix, colon, _ = name.partition(":")
    return prefix if colon else ""


def _sort_key(name: str) -> tuple[str, str]:
    return _group(name), name


COMMANDS = (Command(name="list", description="List commands", handle=show),)
