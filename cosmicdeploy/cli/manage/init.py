"""The command `cosmicdeploy init`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import common_options, refuse_config
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def init(
    directory: Annotated[
        Path, typer.Argument(help="Target directory; created if missing.")
    ] = Path(),
    project: Annotated[
        str, typer.Option(metavar="NAME", help="Name the compose project.")
    ] = "cosmic",
    suffix: Annotated[
        str, typer.Option(metavar="TEXT", help="End every container's name with this.")
    ] = "prod",
    port: Annotated[
        int,
        typer.Option(
            metavar="PORT", help="Publish the load balancer on this port; 0 for a free one."
        ),
    ] = 8080,
    images: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Use the base images that FILE names in KEY=value lines."
        ),
    ] = None,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Create the shipped stack in a folder.

    Writes the compose file, the configuration, the playbooks and the secrets (mode 0600).

    \b
    Examples:
      cosmicdeploy init kiosk
      cosmicdeploy init kiosk --port 8081 --suffix test
    """
    choices = {"project": project, "suffix": suffix, "http_port": port}
    run_command("init", terminal, lambda call: _init(call, config, directory, choices, images))


# The shipped application's console command that registers the device for the verification.
REGISTER_DEVICE = "devices:seed --name=VERIFY --token-env=DEVICE_TOKEN"


def _init(
    call: Call,
    config: Path | None,
    directory: Path,
    choices: dict[str, object],
    images: Path | None,
) -> Report:
    from cosmicdeploy.layout import lay_out, layout_options

    refuse_config(config, todo="name that folder: `cosmicdeploy init DIRECTORY`")
    created = lay_out(directory.resolve(), layout_options(choices, images))
    if not call.terminal.json:
        for path in created:
            call.terminal.console.print(f"created {path}", soft_wrap=True)
        call.terminal.console.print(
            "Next, in that folder: `cosmicdeploy up`. Then register the device whose heartbeats"
            f" the verification sends: `cosmicdeploy console --env DEVICE_TOKEN {REGISTER_DEVICE}`",
            soft_wrap=True,
        )
    return call.report(outcome="changed", data=[str(path) for path in created])
