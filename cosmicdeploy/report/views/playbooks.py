"""Show playbooks: the list, and a single playbook with its steps and options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cosmicdeploy.report.console import styled
from cosmicdeploy.report.tables import table

Row = Mapping[str, Any]
INDENT = (0, 0, 0, 3)


def show_playbooks(console: Console, rows: Iterable[Row]) -> None:
    """Print each playbook with its origin, its description or its error, and its steps' names."""
    shown = [
        {
            "playbook": row["name"],
            "origin": row["origin"],
            "description": row["error"] or row["description"],
            "steps": ", ".join(row["steps"]),
        }
        for row in rows
    ]
    console.print(table(("playbook", "origin", "description", "steps"), shown))


def show_playbook(console: Console, row: Row, steps: Iterable[Row]) -> None:
    """Print a playbook's description, and each step with its options."""
    console.print(styled("[bold]{}[/]: {}", row["name"], row["description"]))
    console.print(f"{row['path']} ({row['origin']})", soft_wrap=True)
    for number, step in enumerate(steps, start=1):
        kind = "" if step["name"] == step["kind"] else f" ({step['kind']})"
        undone = Text(" Undone if a later step fails." if step["undoes"] else "", "dim")
        console.print(styled("\n{}. [bold]{}[/]{}", number, step["name"], kind))
        description = styled("{}{}", step["does"], undone)
        console.print(Padding(description, INDENT, expand=False))
        if step["options"]:
            console.print(Padding(_options(step["options"]), INDENT, expand=False))


def _options(options: Iterable[Row]) -> Table:
    result = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        result.add_column(overflow="fold")
    for option in options:
        template = "[bold]{}[/]" if option["given"] else "[dim]{}[/]"
        shown = styled(template, _value(option["value"]))
        result.add_row(option["name"], shown, option["meaning"])
    return result


def _value(value: Any) -> str:
    """Return a value on one line, as YAML shows it, but text without quotes unless it is empty."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(_value(each) for each in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_value(each)}' for key, each in value.items())}}}"
    return str(value) or '""'
