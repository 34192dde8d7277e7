"""The command `cosmicdeploy up`."""

from __future__ import annotations

from pathlib import Path

from cosmicdeploy.cli.edge.edge import run_command
from cosmicdeploy.cli.options import RemoveOrphans, Wait, common_options
from cosmicdeploy.cli.playbook_run import run_stack_playbook
from cosmicdeploy.cli.terminal import Terminal
from cosmicdeploy.journal.run_kind import RunKind


@common_options
def up(
    remove_orphans: RemoveOrphans = False,
    wait: Wait = 0.0,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Start services that do not run; leave running containers alone.

    \b
    Examples:
      cosmicdeploy up
      cosmicdeploy up --remove-orphans
    """
    run_command(
        "up",
        terminal,
        lambda call: run_stack_playbook(
            call, config, "up", RunKind.UP, wait, remove_orphans=remove_orphans
        ),
    )
