"""The command group `cosmicdeploy playbook`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.completion import playbooks
from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import Plan, Wait, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.journal.run_kind import RunKind
    from cosmicdeploy.playbook import Playbook
    from cosmicdeploy.report.model import Report, StepReport

app = typer.Typer(help="List, show and run playbooks.", no_args_is_help=True)
Reference = Annotated[
    str,
    typer.Argument(
        metavar="PLAYBOOK", help="A playbook's name or file path.", autocompletion=playbooks
    ),
]


@app.command("list")
@common_options
def list_(*, config: Path | None, terminal: Terminal) -> None:
    """List the stack's own playbooks and the shipped ones.

    \b
    Example:
      cosmicdeploy playbook list
    """
    run_command("playbook list", terminal, lambda call: _list(call, config))


@app.command()
@common_options
def show(reference: Reference, *, config: Path | None, terminal: Terminal) -> None:
    """Show a playbook's steps and options, and what a run would change.

    \b
    Examples:
      cosmicdeploy playbook show deploy
      cosmicdeploy playbook show night.yaml
    """
    run_command("playbook show", terminal, lambda call: _show(call, config, reference))


@app.command()
@common_options
def run(
    reference: Reference,
    plan: Plan = False,
    wait: Wait = 0.0,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Run a playbook; if a step fails, undo it and the steps before it.

    As in a deploy, the run holds the lock, is recorded in the journal, and sends probes throughout.
    Asks first if clients would be turned away or may get no response, or if a command cannot be
    undone. Exit 5 if nothing had to change and a check fails.

    \b
    Examples:
      cosmicdeploy playbook run new-features-off
      cosmicdeploy playbook run night.yaml --plan
    """
    run_command(
        "playbook run", terminal, lambda call: _run(call, config, reference, wait, plan=plan)
    )


@app.command()
def schema(
    settings: Annotated[
        bool, typer.Option("--settings", help="Print the schema of cosmicdeploy.yaml instead.")
    ] = False,
    framework: Annotated[
        bool,
        typer.Option(
            "--framework", help="Print the schema of a migration framework's file instead."
        ),
    ] = False,
) -> None:
    """Print the JSON Schema of playbooks, for editors.

    \b
    Example:
      cosmicdeploy playbook schema > playbooks/playbook.schema.json
    """
    from cosmicdeploy.report.playbook_schema import (
        framework_schema,
        playbook_schema,
        settings_schema,
    )

    if settings and framework:
        raise typer.BadParameter("--settings and --framework are two schemas: name one of them")
    if settings:
        text = settings_schema()
    elif framework:
        text = framework_schema()
    else:
        text = playbook_schema()
    print(text, end="")


def _list(call: Call, config: Path | None) -> Report:
    from cosmicdeploy.operations.playbooks import known_playbooks, list_row
    from cosmicdeploy.report.views.playbooks import show_playbooks
    from cosmicdeploy.workspace import stack_folder

    rows = [list_row(file) for file in known_playbooks(stack_folder(config))]
    if not call.terminal.json:
        show_playbooks(call.terminal.console, rows)
    return call.report(outcome="done", data=rows)


def _show(call: Call, config: Path | None, reference: str) -> Report:
    from cosmicdeploy.operations.playbooks import describe_step, find_playbook, list_row
    from cosmicdeploy.playbook import load_playbook
    from cosmicdeploy.report.views.playbooks import show_playbook
    from cosmicdeploy.workspace import stack_folder

    file = find_playbook(stack_folder(config), reference)
    playbook = load_playbook(file.path, call.warn)
    row, steps = list_row(file), [describe_step(step) for step in playbook.steps]
    planned, no_plan = _plan(call, config, playbook, file.command.kind)
    if not call.terminal.json:
        show_playbook(call.terminal.console, row, steps)
        if no_plan:
            call.terminal.console.print(f"\nno plan: {no_plan}", soft_wrap=True)
    data = {**row, "steps": steps, "no_plan": no_plan}
    return call.report(outcome="done", steps=planned, data=data)


def _plan(
    call: Call, config: Path | None, playbook: Playbook, kind: RunKind
) -> tuple[Sequence[StepReport], str]:
    """Return the planned steps and ""; if the playbook cannot be planned, no steps and why."""
    from cosmicdeploy.cli.reporting import plan_report
    from cosmicdeploy.errors import CosmicError
    from cosmicdeploy.operations.playbooks import require_runnable
    from cosmicdeploy.runs.execute import plan_only
    from cosmicdeploy.workspace import open_stack

    try:
        require_runnable(playbook)
        ctx = open_stack(config, call.event_handler())
        plan = plan_only(ctx, kind, playbook.steps)
    except CosmicError as error:
        return (), str(error)
    return plan_report(call, plan, ctx).steps, ""


def _run(call: Call, config: Path | None, reference: str, wait: float, *, plan: bool) -> Report:
    from cosmicdeploy.cli.page import with_page
    from cosmicdeploy.cli.reporting import plan_report, run_report
    from cosmicdeploy.operations import playbooks
    from cosmicdeploy.playbook import load_playbook
    from cosmicdeploy.report.progress import ProgressView
    from cosmicdeploy.runs.execute import plan_only
    from cosmicdeploy.workspace import open_stack

    view = ProgressView(call.terminal.console)
    ctx = open_stack(config, call.event_handler(view))
    file = playbooks.find_playbook(ctx.loaded.directory, reference)
    playbook = load_playbook(file.path, ctx.warn)
    playbooks.require_runnable(playbook)
    kind = file.command.kind
    if plan:
        with view:
            return plan_report(call, plan_only(ctx, kind, playbook.steps), ctx)
    if any(step.cost for step in playbook.steps):
        with view:
            costs = playbooks.costs(plan_only(ctx, kind, playbook.steps))
        _require_yes(call, file.name, costs)
    with view:
        run, traffic = playbooks.run_playbook(ctx, file, playbook, wait)
        report = run_report(call, run, traffic)
        return with_page(call, run.ctx, report) if kind.places_release else report


def _require_yes(call: Call, name: str, costs: Sequence[str]) -> None:
    """Print the costs of a playbook and ask whether to run it; without costs, do nothing."""
    for cost in costs:
        call.terminal.console.print(f"Use with caution: {cost}", soft_wrap=True)
    if costs:
        call.terminal.require_yes(f"Run the playbook {name}?")
