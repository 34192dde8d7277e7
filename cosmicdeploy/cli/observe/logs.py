"""The command `cosmicdeploy logs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge.edge import Call, edge, until_interrupted
from cosmicdeploy.cli.options import common_options, duration
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.operations.logs import LogOptions, LogReader
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
            help="Services or roles (default: those of the application).",
            show_default=False,
            autocompletion=completion.services,
        ),
    ] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow log output.")] = False,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--for",
            metavar="DURATION",
            parser=duration,
            help="Follow for this long, then exit (90s, 10m).",
        ),
    ] = None,
    tail: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="LINES", help="Show only the last LINES lines (default for a file: 100)."
        ),
    ] = None,
    since: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="Show lines from this time on (90s, 1h30m, 18:30, ISO 8601)."
        ),
    ] = "",
    grep: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help="Show messages that contain this text, with their continuation lines.",
        ),
    ] = "",
    file: Annotated[
        str,
        typer.Option(metavar="PATH", help="Show this file in the containers, not their output."),
    ] = "",
    app: Annotated[
        bool,
        typer.Option("--app", help="Show the application's log file (app.log_file)."),
    ] = False,
    times: Annotated[
        bool, typer.Option("--times", "-t", help="Prefix each line with its timestamp.")
    ] = False,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Show the logs of services, merged by time.

    --follow continues through deploys, restarts and rotated files until Ctrl-C. With --json, print
    one JSON object per line.
    """
    from cosmicdeploy.files.written_model import LARGEST
    from cosmicdeploy.operations.logs import LogOptions

    options = LogOptions(
        services=services or (),
        tail=None if tail is None else min(tail, LARGEST),  # more would overflow
        since=since,
        grep=grep,
        file=file,
        app=app,
        follow=follow,
        seconds=seconds,
    )
    call = Call(command="logs", terminal=terminal)
    with edge(call):
        _logs(call, config, options, times=times)


def _logs(call: Call, config: Path | None, options: LogOptions, *, times: bool) -> None:
    from cosmicdeploy.cli.terminal import notices_to_stderr
    from cosmicdeploy.operations.logs import LogReader
    from cosmicdeploy.report.views.logs import JsonLogPrinter, LogPrinter
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, call.event_handler(notices_to_stderr(call.terminal)))
    reader = LogReader(ctx, options)
    printer = (
        JsonLogPrinter()
        if call.terminal.json
        else LogPrinter(call.terminal.console, reader.services, times=times)
    )
    with until_interrupted():
        _print(reader, printer)


def _print(reader: LogReader, printer: JsonLogPrinter | LogPrinter) -> None:
    """Print all lines. Raises `BrokenPipeError` once the reader of stdout has gone."""
    from cosmicdeploy.operations.stdio import STDOUT, has_reader

    for entries in reader.entries():
        printer.print((entry.service, entry.line) for entry in entries)
        if not has_reader(STDOUT):
            raise BrokenPipeError
