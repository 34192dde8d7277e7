"""Show drift: the keys in which containers differ from the compose file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from cosmicdeploy.report.console import styled

COLORS = {"added": "green", "removed": "red", "changed": "yellow"}
Keys = Sequence[Mapping[str, Any]]


def show_differences(
    differences: Mapping[str, Keys], console: Console, notes: Mapping[str, str] | None = None
) -> None:
    """Print for each service its note, if any, and a line for each key that differs.

    `notes` has the notes by service. Services with equal lines are printed together.
    """
    services_by_lines: dict[tuple[str, ...], list[str]] = {}
    styled_lines: dict[tuple[str, ...], list[Text]] = {}
    for service, keys in differences.items():
        note = [Text(f"    {notes[service]}")] if notes and service in notes else []
        lines = [*note, *map(_line, keys)]
        plain = tuple(line.plain for line in lines)
        styled_lines[plain] = lines
        services_by_lines.setdefault(plain, []).append(service)
    for plain, services in services_by_lines.items():
        console.print(styled("  [bold]{}[/]", ", ".join(services)), soft_wrap=True)
        console.print(Text("\n").join(styled_lines[plain]), soft_wrap=True)


def _line(key: Mapping[str, Any]) -> Text:
    change = key["change"]
    return styled(f"    [{COLORS[change]}]{{}}[/] {{}}", change, key["key"] + _values(key))


def _values(key: Mapping[str, Any]) -> str:
    """Return a key's old and new value for a line; "" if neither can be shown.

    A value is None if it does not exist or may be secret.
    """
    old, new = key["old"], key["new"]
    if old and new:
        return f": {old} → {new}"
    return f": {old or new}" if old or new else ""
