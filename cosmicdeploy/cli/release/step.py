"""The command `cosmicdeploy step`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge.edge import run_command
from cosmicdeploy.cli.options import Wait, common_options
from cosmicdeploy.cli.playbook_run import run_stack_playbook
from cosmicdeploy.cli.terminal import Terminal
from cosmicdeploy.journal.run_kind import RunKind


@common_options
def step(
    name: Annotated[
        str,
        typer.Argument(
            metavar="STEP",
            help="A step of the deploy playbook, such as backup or build.",
            autocompletion=completion.steps,
        ),
    ],
    wait: Wait = 0.0,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Run a single step of the deploy playbook.

    Exit 5 if the step is a check and it fails.

    \b
    Examples:
      cosmicdeploy step build
      cosmicdeploy step cache-clear
    """
    run_command(
        "step",
        terminal,
        lambda call: run_stack_playbook(call, config, "deploy", RunKind.OTHER, wait, only=name),
    )
