"""`cosmicdeploy logs`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge import Call, edge, until_ended
from cosmicdeploy.cli.options import common_options, duration
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.operations.logs import LogOptions, Reading
    from cosmicdeploy.report.views.logs import JsonLogPrinter, LogPrinter

EXAMPLES = """\b
Examples:
  cosmicdeploy logs scheduler --tail 100 --follow
  cosmicdeploy logs app database --since 10m --grep error
  cosmicdeploy logs --app --follow --grep "Device status"
"""


@common_options
def logs(
    services: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SERVICE",
            help="Services or roles; default: the application's.",
            show_default=False,
            autocompletion=completion.services,
        ),
    ] = None,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")
    ] = False,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--for",
            metavar="SECONDS",
            parser=duration,
            help="Follow for so long, then end: 600, 90s.",
        ),
    ] = None,
    tail: Annotated[
        int | None,
        typer.Option(min=0, help="The last lines of each only; of a file 100 by default."),
    ] = None,
    since: Annotated[
        str, typer.Option(metavar="TIME", help="From then on: 90s, 1h30m, 18:30, or ISO 8601.")
    ] = "",
    grep: Annotated[
        str, typer.Option(metavar="TEXT", help="Lines with this text, and their context.")
    ] = "",
    file: Annotated[str, typer.Option(metavar="PATH", help="A file in the containers.")] = "",
    app: Annotated[
        bool, typer.Option("--app", help="The application's log file: app.log_file.")
    ] = False,
    times: Annotated[bool, typer.Option("--times", "-t", help="Each with its time.")] = False,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Show what services wrote, merged by time, and follow it.

    Following goes on through deploys, restarts and rotated files, and ends with Ctrl-C.
    With --json a line is an object.
    """
    from cosmicdeploy.operations.logs import LogOptions

    wanted = LogOptions(
        services=services or (),
        tail=tail,
        since=since,
        grep=grep,
        file=file,
        app=app,
        follow=follow,
        seconds=seconds,
    )
    call = Call(command="logs", terminal=terminal)
    with edge(call):
        _logs(call, config, wanted, times=times)


def _logs(call: Call, config: Path | None, wanted: LogOptions, *, times: bool) -> None:
    from cosmicdeploy.cli.terminal import told_on_stderr
    from cosmicdeploy.operations.logs import Reading
    from cosmicdeploy.report.views.logs import JsonLogPrinter, LogPrinter
    from cosmicdeploy.workspace import open_stack

    reading = Reading(open_stack(config, call.hearing(told_on_stderr(call.terminal))), wanted)
    console = call.terminal.console
    printer = (
        JsonLogPrinter()
        if call.terminal.json
        else LogPrinter(console, reading.services, times=times)
    )
    with until_ended():
        _print(reading, printer)


def _print(reading: Reading, printer: JsonLogPrinter | LogPrinter) -> None:
    from cosmicdeploy.operations.stdio import STDOUT, is_read

    for entries in reading.entries():
        printer.print((entry.service, entry.line) for entry in entries)
        if not is_read(STDOUT):
            raise BrokenPipeError
