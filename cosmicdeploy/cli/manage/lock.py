"""The command group `cosmicdeploy lock`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.lock import LockStatus
    from cosmicdeploy.report.model import Report

app = typer.Typer(help="Show who holds the deploy lock; release a stale one.")
HOLDER_LABELS = ("command", "owner", "host", "pid", "since")


@app.command()
@common_options
def status(*, config: Path | None, terminal: Terminal) -> None:
    """Show which run holds the lock, and whether that run is alive.

    Waits up to 6 s for the run's next heartbeat.

    \b
    Example:
      cosmicdeploy lock status
    """
    run_command("lock status", terminal, lambda call: _status(call, config))


@app.command()
@common_options
def release(*, config: Path | None, terminal: Terminal) -> None:
    """Release the lock of a run that is dead, or silent for too long.

    `lock.stale_after` sets how long a run may be silent. A live run keeps its lock: exit 4.

    \b
    Example:
      cosmicdeploy lock release
    """
    run_command("lock release", terminal, lambda call: _release(call, config))


def _status(call: Call, config: Path | None) -> Report:
    from cosmicdeploy.lock import inspect_lock
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, call.event_handler())
    row = _row(inspect_lock(ctx.engine, ctx.stack.project))
    if not call.terminal.json:
        _print(call, row)
    return call.report(outcome="done", data=row)


def _row(status: LockStatus) -> dict[str, Any]:
    row: dict[str, Any] = {"held": status.marker is not None, "life": status.life}
    if status.marker is not None:
        row |= {name: status.marker.labels.get(name, "") for name in HOLDER_LABELS}
        row |= {"beats": status.beats, "silent_seconds": round(status.silent_seconds, 1)}
    return row


def _print(call: Call, row: dict[str, Any]) -> None:
    from cosmicdeploy.report.tables import one_line_table
    from cosmicdeploy.text.formatting import format_timestamp

    if not row["held"]:
        call.terminal.console.print("The lock is free")
        return
    columns = ("command", "owner", "pid", "since", "life", "silent_seconds")
    call.terminal.console.print(
        one_line_table(columns, [{**row, "since": format_timestamp(row["since"])}])
    )


def _release(call: Call, config: Path | None) -> Report:
    from cosmicdeploy.lock import release_stale
    from cosmicdeploy.lock.holder import describe_holder
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, call.event_handler())
    marker = release_stale(ctx.engine, ctx.stack.project, ctx.settings.lock.stale_after)
    if marker is None:
        call.terminal.console.print("The lock is free")
    else:
        call.terminal.console.print(f"Released the lock of {describe_holder(marker.labels)}")
    data = {"freed": dict(marker.labels) if marker else None}
    return call.report(outcome="changed" if marker else "unchanged", data=data)
