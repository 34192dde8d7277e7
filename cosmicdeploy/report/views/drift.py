"""What containers have otherwise than the compose file says, as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from cosmicdeploy.report.console import styled

COLOURS = {"added": "green", "removed": "red", "changed": "yellow"}
Keys = Sequence[Mapping[str, Any]]


def show_differences(
    differences: Mapping[str, Keys], console: Console, notes: Mapping[str, str] | None = None
) -> None:
    """A line a key, under the service's note where there is one; services with the same lines are
    told together."""
    groups: dict[tuple[str, ...], list[str]] = {}
    lines: dict[tuple[str, ...], list[Text]] = {}
    for service, keys in differences.items():
        note = [Text(f"    {notes[service]}")] if notes and service in notes else []
        told = [*note, *map(_line, keys)]
        same = tuple(line.plain for line in told)
        lines[same] = told
        groups.setdefault(same, []).append(service)
    for same, services in groups.items():
        console.print(styled("  [bold]{}[/]", ", ".join(services)), soft_wrap=True)
        console.print(Text("\n").join(lines[same]), soft_wrap=True)


def _line(key: Mapping[str, Any]) -> Text:
    change = key["change"]
    return styled(f"    [{COLOURS[change]}]{{}}[/] {{}}", change, key["key"] + _values(key))


def _values(key: Mapping[str, Any]) -> str:
    """Nothing where they are not told, or where being there is all there is to say."""
    old, new = key["old"], key["new"]
    if old and new:
        return f": {old} → {new}"
    return f": {old or new}" if old or new else ""
