"""Shows drift: the keys in which containers differ from the compose file."""

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
    """Print a line for each key, under the service's note if any; group services that agree."""
    groups: dict[tuple[str, ...], list[str]] = {}
    lines: dict[tuple[str, ...], list[Text]] = {}
    for service, keys in differences.items():
        note = [Text(f"    {notes[service]}")] if notes and service in notes else []
        text = [*note, *map(_line, keys)]
        same = tuple(line.plain for line in text)
        lines[same] = text
        groups.setdefault(same, []).append(service)
    for same, services in groups.items():
        console.print(styled("  [bold]{}[/]", ", ".join(services)), soft_wrap=True)
        console.print(Text("\n").join(lines[same]), soft_wrap=True)


def _line(key: Mapping[str, Any]) -> Text:
    change = key["change"]
    return styled(f"    [{COLORS[change]}]{{}}[/] {{}}", change, key["key"] + _values(key))


def _values(key: Mapping[str, Any]) -> str:
    """Return the values; "" if they are secret or if the key has none."""
    old, new = key["old"], key["new"]
    if old and new:
        return f": {old} → {new}"
    return f": {old or new}" if old or new else ""
