"""`cosmicdeploy init`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.edge import Call, run_command
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def init(
    directory: Annotated[
        Path, typer.Argument(help="Where to; made where it is not there.")
    ] = Path(),
    project: Annotated[str, typer.Option(help="The compose project's name.")] = "cosmic",
    suffix: Annotated[str, typer.Option(help="The end of every container's name.")] = "prod",
    port: Annotated[int, typer.Option(help="The load balancer's port; 0 for a free one.")] = 8080,
    images: Annotated[
        Path | None, typer.Option(help="A file of KEY=value lines with base images to use.")
    ] = None,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Lay out the shipped stack in a folder.

    Compose file, configuration, playbooks, secrets (0600).

    \b
    Examples:
      cosmicdeploy init kiosk
      cosmicdeploy init kiosk --port 8081 --suffix test
    """
    choices = {"project": project, "suffix": suffix, "http_port": port}
    run_command("init", terminal, lambda call: _init(call, directory, choices, images))


# The shipped application's own command for it.
REGISTER = "devices:seed --name=VERIFY --token-env=DEVICE_TOKEN"


def _init(call: Call, directory: Path, choices: dict[str, object], images: Path | None) -> Report:
    from cosmicdeploy.layout import lay_out, layout_choices

    made = lay_out(directory.resolve(), layout_choices(choices, images))
    if not call.terminal.json:
        for path in made:
            call.terminal.console.print(f"made {path}", soft_wrap=True)
        call.terminal.console.print(
            "next, there: `cosmicdeploy up`, then register the device that verification beats as:"
            f" `cosmicdeploy console --env DEVICE_TOKEN {REGISTER}`",
            soft_wrap=True,
        )
    return call.report(outcome="changed", data=[str(path) for path in made])
