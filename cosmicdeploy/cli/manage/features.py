"""The command group `cosmicdeploy features`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report

EXAMPLES = """\b
Examples:
  cosmicdeploy features disable rate-limit   accept every heartbeat from now on
  cosmicdeploy features enable rate-limit    limit the rate again
"""

app = typer.Typer(
    help="Switch application features on and off without a deploy.",
    epilog=EXAMPLES,
    no_args_is_help=True,
)
Name = Annotated[
    str,
    typer.Argument(
        metavar="FEATURE",
        help="A key of `features` in cosmicdeploy.yaml.",
        autocompletion=completion.features,
    ),
]


@app.command("list")
@common_options
def list_(*, config: Path | None, terminal: Terminal) -> None:
    """Show which features are on and which are off.

    \b
    Example:
      cosmicdeploy features list
    """
    run_command("features list", terminal, lambda call: _list(call, config))


@app.command()
@common_options
def disable(name: Name, *, config: Path | None, terminal: Terminal) -> None:
    """Switch a feature off, and check that all running containers see it.

    If a flag file on the host switches the feature, checks only the file.

    \b
    Example:
      cosmicdeploy features disable rate-limit
    """
    run_command("features disable", terminal, lambda call: _switch(call, config, name, on=False))


@app.command()
@common_options
def enable(name: Name, *, config: Path | None, terminal: Terminal) -> None:
    """Switch a feature on, and check that all running containers see it.

    If a flag file on the host switches the feature, checks only the file.

    \b
    Example:
      cosmicdeploy features enable rate-limit
    """
    run_command("features enable", terminal, lambda call: _switch(call, config, name, on=True))


def _list(call: Call, config: Path | None) -> Report:
    from cosmicdeploy.probes.application.features import states
    from cosmicdeploy.report.views.features import show_features
    from cosmicdeploy.workspace import open_stack

    features = states(open_stack(config, call.event_handler()))
    if not call.terminal.json:
        if features:
            show_features(call.terminal.console, features)
        else:
            call.terminal.console.print("cosmicdeploy.yaml declares no `features`")
    return call.report(outcome="done", features=features)


def _switch(call: Call, config: Path | None, name: str, *, on: bool) -> Report:
    from cosmicdeploy.probes.application.features import HOST
    from cosmicdeploy.steps.commands.feature_flags import switch
    from cosmicdeploy.workspace import open_stack

    switched = switch(open_stack(config, call.event_handler()), name, on=on)
    word = "on" if on else "off"
    result = f"is switched {word}" if switched.changed else f"was already {word}"
    if switched.places == (HOST,):
        seen = "checked by its flag file on the host, not in a container"
    else:
        seen = f"confirmed in {', '.join(switched.places)}"
    call.terminal.console.print(f"{name} {result}; {seen}", soft_wrap=True)
    return call.report(
        outcome="changed" if switched.changed else "unchanged",
        features=[switched.state],
        data={"places": switched.places},
    )
