"""`cosmicdeploy migrate`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.edge import Call, run_command
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
            help="Declare the schema repaired, after asking, so that deploys work again.",
        ),
    ] = False,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Show the SQL of pending migrations, with its risks.

    A deploy runs them. After you have repaired a half-done migration by hand, use --resolve; exit 4
    while another run holds the lock.

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

    facts = migrations(open_stack(config, call.hearing()))
    console = call.terminal.console
    if not call.terminal.json:
        if interrupted := facts["interrupted"]:
            _say(call, [f"a run was interrupted: {interrupted['state']}", *interrupted["fates"]])
        if not facts["statements"]:
            _say(call, ["no migration is pending" if facts["pending"] == [] else "none ever ran"])
        show_statements(facts["statements"], console)
    return call.report(outcome="done", data=facts)


def _resolve(call: Call, config: Path | None) -> Report:
    from cosmicdeploy.operations.migrations import resolve
    from cosmicdeploy.workspace import open_stack

    def agreed(damage: MigrationProgress) -> bool:
        _say(call, damage.lines)
        return call.terminal.confirm("Is the schema repaired? The next deploy continues from it")

    outcome = resolve(open_stack(config, call.hearing()), "migrate --resolve", agreed)
    if not call.terminal.json:
        _say(call, [outcome])
    return call.report(outcome="done", data={"found": outcome})


def _say(call: Call, lines: list[str]) -> None:
    for line in lines:
        call.terminal.console.print(line, soft_wrap=True)
