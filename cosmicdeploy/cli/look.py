"""Commands that look and change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosmicdeploy.cli.edge import Call, run_command
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.events import Event
    from cosmicdeploy.report.model import Report


@common_options
def verify(*, config: Path | None, terminal: Terminal) -> None:
    """Check the running stack, point by point; exit 5 where one fails.

    Schema, health, scheduler, monitor, heartbeat and images.
    """
    run_command("verify", terminal, lambda call: _verify(call, config))


@common_options
def status(*, config: Path | None, terminal: Terminal) -> None:
    """Show what runs, and what is not as it should be."""
    run_command("status", terminal, lambda call: _status(call, config))


def quiet(_event: Event) -> None:
    """For commands that answer at once, events are of no interest."""


def _verify(call: Call, config: Path | None) -> Report:
    from dataclasses import asdict

    from cosmicdeploy.errors import ExitCode
    from cosmicdeploy.operations.look import verify
    from cosmicdeploy.workspace import open_playbook, open_stack

    ctx = open_stack(config, quiet)
    results = verify(ctx, open_playbook(ctx.loaded, "verify"))
    failing = any(not result.ok for result in results)
    return call.report(
        outcome="failed" if failing else "done",
        exit_code=int(ExitCode.CHECK_FAILED) if failing else 0,
        release=ctx.running_release() or None,
        checks=[asdict(result) for result in results],
    )


def _status(call: Call, config: Path | None) -> Report:
    from cosmicdeploy.cli.reporting import unfinished_reports
    from cosmicdeploy.operations.look import status
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, quiet)
    rows = status(ctx)
    if not call.terminal.json:
        _print_rows(call, rows)
    return call.report(
        outcome="done",
        release=ctx.running_release() or None,
        data=rows,
        unfinished=unfinished_reports(ctx),
    )


def _print_rows(call: Call, rows: list[dict[str, Any]]) -> None:
    from cosmicdeploy.report.differences import show_differences
    from cosmicdeploy.report.tables import table

    shown = [
        {**row, "image": row.get("image", "")[7:19], "since": row.get("since", "")[:19]}
        for row in rows
    ]
    columns = ("service", "state", "release", "image", "since", "drift")
    call.terminal.console.print(table(columns, shown))
    differences = {row["service"]: row["differences"] for row in rows if row.get("differences")}
    show_differences(differences, call.terminal.console)
    for todo in dict.fromkeys(row["todo"] for row in rows if "todo" in row):
        call.terminal.console.print(f"→ {todo}", markup=False, soft_wrap=True)
