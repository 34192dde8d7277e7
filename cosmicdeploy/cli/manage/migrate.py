"""The command `cosmicdeploy migrate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report
    from cosmicdeploy.steps.schema.interrupted_migrations import MigrationProgress


@common_options
def migrate(
    resolve: Annotated[
        bool,
        typer.Option(
            "--resolve",
            help="Declare the schema repaired, so that deploys work again; asks first.",
        ),
    ] = False,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Show the SQL of pending migrations, with its risks.

    Runs none of them: a deploy does. Use --resolve once you have repaired a half-done migration by
    hand; it exits with exit code 4 while another run holds the lock.

    \b
    Example:
      cosmicdeploy migrate
    """
    body = _resolve if resolve else _show
    run_command("migrate", terminal, lambda call: body(call, config))


def _show(call: Call, config: Path | None) -> Report:
    from cosmicdeploy.operations.migrations import migrations
    from cosmicdeploy.report.summary import show_statements
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, call.event_handler())
    ctx.require_database("The stack has no database, so there are no migrations")
    facts = migrations(ctx)
    console = call.terminal.console
    if not call.terminal.json:
        if interrupted := facts["interrupted"]:
            state = f"a run was interrupted while it migrated: {interrupted['state']}"
            _print_lines(call, [state, *interrupted["fates"]])
        if not facts["statements"]:
            _print_lines(call, [_without_statements(facts["pending"])])
        show_statements(facts["statements"], console)
    return call.report(outcome="done", data=facts)


def _resolve(call: Call, config: Path | None) -> Report:
    from cosmicdeploy.operations.migrations import resolve
    from cosmicdeploy.workspace import open_stack

    def agreed(damage: MigrationProgress) -> bool:
        _print_lines(call, damage.lines)
        return call.terminal.confirm("Is the schema repaired? The next deploy continues from it")

    ctx = open_stack(config, call.event_handler())
    ctx.require_database("The stack has no database, so there are no migrations")
    outcome = resolve(ctx, "migrate --resolve", agreed)
    if not call.terminal.json:
        _print_lines(call, [outcome])
    return call.report(outcome="done", data={"found": outcome})


def _without_statements(pending: list[str] | None) -> str:
    """Return why there is no SQL to show; `pending` is None if no migrations table exists."""
    if pending is None:
        return "the database has no migrations table: no migration has run yet"
    return f"no SQL is known for {', '.join(pending)}" if pending else "no migration is pending"


def _print_lines(call: Call, lines: list[str]) -> None:
    for line in lines:
        call.terminal.console.print(line, soft_wrap=True)
