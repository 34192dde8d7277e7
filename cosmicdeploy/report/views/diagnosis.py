"""Show the result of `diagnose`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cosmicdeploy.report.console import styled

MARKS = {
    "ok": Text("ok", "green"),
    "warning": Text("warning", "yellow"),
    "problem": Text("PROBLEM", "red"),
    "unknown": Text("UNKNOWN", "magenta"),
}
Facts = Mapping[str, Any]


def show_diagnosis(console: Console, troubles: Iterable[Facts], *, fixing: bool) -> None:
    """Print each problem with its findings; unless `fixing`, also what `--fix` would do."""
    for trouble in troubles:
        console.print(styled("[bold]{}[/]: {}?", trouble["trouble"], trouble["about"]))
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for finding in trouble["findings"]:
            mark = MARKS[finding["severity"]]
            table.add_row(mark, finding["looked_at"], _lines(finding, fixing=fixing))
        console.print(table)


def _lines(finding: Facts, *, fixing: bool) -> Text:
    lines = [styled("{}", finding["found"])]
    lines += [styled("[dim]│ {}[/]", line) for line in finding["details"]]
    # An advice to use --fix is of no use to an operator who has just done that.
    if finding["todo"] and not (fixing and finding["todo"].endswith(" --fix")):
        lines.append(styled("→ {}", finding["todo"]))
    if finding["severity"] == "problem" and not fixing:
        lines += [styled("[dim]--fix:[/] {}", remedy) for remedy in finding["remedies"]]
    return Text("\n").join(lines)


def show_attempts(console: Console, attempts: Iterable[Facts]) -> None:
    """Print each remedy, and whether it was applied, failed or was declined."""
    for attempt in attempts:
        remedy = attempt["remedy"]
        if attempt["applied"]:
            console.print(styled("[yellow]done:[/] {}", remedy), soft_wrap=True)
        elif attempt["error"]:
            line = f"{remedy}: {attempt['error']}"
            console.print(styled("[red]failed:[/] {}", line), soft_wrap=True)
        else:
            console.print(styled("[dim]declined:[/] {}", remedy), soft_wrap=True)


def show_remaining(console: Console, troubles: Iterable[Facts], seconds: float) -> None:
    """Print the last line: which problems remain, and how long the command took."""
    remaining = [trouble["trouble"] for trouble in troubles if not trouble["well"]]
    line = f"remaining: {', '.join(remaining)}" if remaining else "no problem"
    console.print(styled("[bold]{}[/]", f"diagnose: {line}, {seconds:.1f} s"), soft_wrap=True)
