"""`cosmicdeploy watch`"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge import Call, edge, until_ended
from cosmicdeploy.cli.options import common_options, duration
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from cosmicdeploy.operations.monitor import MonitorOptions, Stream
    from cosmicdeploy.probes.monitor.event import MonitorEvent

EXAMPLES = """\b
Examples:
  cosmicdeploy watch                                   all of it, live
  cosmicdeploy watch --only transitions,flapping --since 1h
  cosmicdeploy watch --for 600 --json > after-the-deploy.jsonl
"""


class View(Protocol):
    """Whatever shows sights."""

    def show(self, sights: Sequence[MonitorEvent]) -> None:
        """Show some."""


@common_options
def watch(
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TOPIC,…",
            help="Of transitions, changes, flapping, scheduler, app, worker, database, health,"
            " latency (the default), cache and proxy.",
            autocompletion=completion.topics,
        ),
    ] = None,
    grep: Annotated[
        str, typer.Option(metavar="TEXT", help="Lines with this text, and their context.")
    ] = "",
    since: Annotated[
        str,
        typer.Option(metavar="TIME", help="From then on: 90s, 1h30m, 18:30, ISO 8601; or now."),
    ] = "",
    seconds: Annotated[
        float | None,
        typer.Option(
            "--for",
            metavar="SECONDS",
            parser=duration,
            help="For so long, then end: 600, 90s, 10m.",
        ),
    ] = None,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Watch live what comes of a deploy.

    Goes on through replaced containers, and through a database or an engine that is away. In a pipe
    a line each; with --json an object a line. Ctrl-C ends it.
    """
    call = Call(command="watch", terminal=terminal)
    with edge(call):
        _watch(call, config, _wanted(only or [], grep, since, seconds))


def _wanted(only: list[str], grep: str, since: str, seconds: float | None) -> MonitorOptions:
    from datetime import datetime

    from cosmicdeploy.operations.durations import since_when
    from cosmicdeploy.operations.monitor import MonitorOptions
    from cosmicdeploy.probes.monitor.event import chosen_topics

    start = since_when(since, datetime.now().astimezone()).timestamp() if since else None
    return MonitorOptions(topics=chosen_topics(only), grep=grep, since=start, seconds=seconds)


def _watch(call: Call, config: Path | None, wanted: MonitorOptions) -> None:
    from cosmicdeploy.operations.monitor import Stream
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, call.hearing())
    with until_ended(), _view(call, ctx.stack.project) as view:
        _show(Stream(ctx, wanted), view)


def _view(call: Call, project: str) -> AbstractContextManager[View]:
    if call.terminal.json:
        from cosmicdeploy.report.monitor.lines import JsonLines

        return nullcontext(JsonLines())
    if call.terminal.console.is_terminal:
        from cosmicdeploy.report.monitor.screen import LiveView

        return LiveView(call.terminal.console, f"watching {project}")
    from cosmicdeploy.report.monitor.lines import LinePrinter

    return nullcontext(LinePrinter())


def _show(stream: Stream, view: View) -> None:
    from cosmicdeploy.operations.stdio import STDOUT, is_read

    for sights in stream.events():
        view.show(sights)
        if not is_read(STDOUT):
            raise BrokenPipeError
