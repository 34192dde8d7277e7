"""The command `cosmicdeploy monitor`."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge.edge import Call, edge, until_interrupted
from cosmicdeploy.cli.options import common_options, duration
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from cosmicdeploy.operations.monitor import MonitorOptions, Stream
    from cosmicdeploy.probes.monitor.event import MonitorEvent

EXAMPLES = """\b
Examples:
  cosmicdeploy monitor
  cosmicdeploy monitor --only transitions,flapping --since 1h
  cosmicdeploy monitor --for 10m --json > after-the-deploy.jsonl
"""


class View(Protocol):
    """The output of `monitor`: a screen, plain lines or JSON."""

    def show(self, events: Sequence[MonitorEvent]) -> None:
        """Show the next events."""


@common_options
def monitor(
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TOPIC,...",
            help="Show only these topics: transitions, changes, flapping, scheduler, app, worker,"
            " database, health, latency, cache, proxy (default: all but the last two).",
            autocompletion=completion.topics,
        ),
    ] = None,
    grep: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help="Show messages that contain this text, with their continuation lines.",
        ),
    ] = "",
    since: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="Start at this time (90s, 1h30m, 18:30, ISO 8601; default: now)."
        ),
    ] = "",
    seconds: Annotated[
        float | None,
        typer.Option(
            "--for",
            metavar="DURATION",
            parser=duration,
            help="Exit after this long (90s, 10m).",
        ),
    ] = None,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Monitor device transitions, logs, containers and latency live.

    Use it after a deploy. It continues through replaced containers and outages of the database or
    the engine until Ctrl-C. In a pipe, it prints a line for each event; with --json, a JSON object
    for each event.
    """
    call = Call(command="monitor", terminal=terminal)
    with edge(call):
        _monitor(call, config, _options(only or [], grep, since, seconds))


def _options(only: list[str], grep: str, since: str, seconds: float | None) -> MonitorOptions:
    from datetime import datetime

    from cosmicdeploy.operations.durations import parse_time
    from cosmicdeploy.operations.monitor import MonitorOptions
    from cosmicdeploy.probes.monitor.event import chosen_topics

    start = parse_time(since, datetime.now().astimezone()).timestamp() if since else None
    return MonitorOptions(topics=chosen_topics(only), grep=grep, since=start, seconds=seconds)


def _monitor(call: Call, config: Path | None, options: MonitorOptions) -> None:
    from cosmicdeploy.operations.monitor import Stream
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, call.event_handler())
    with until_interrupted(), _view(call, ctx.stack.project) as view:
        _show(Stream(ctx, options), view)


def _view(call: Call, project: str) -> AbstractContextManager[View]:
    if call.terminal.json:
        from cosmicdeploy.report.monitor.lines import JsonLines

        return nullcontext(JsonLines())
    if call.terminal.console.is_terminal:
        from cosmicdeploy.report.monitor.screen import LiveView

        return LiveView(call.terminal.console, f"monitor {project}")
    from cosmicdeploy.report.monitor.lines import LinePrinter

    return nullcontext(LinePrinter())


def _show(stream: Stream, view: View) -> None:
    """Show all events. Raises `BrokenPipeError` once the reader of stdout has gone."""
    from cosmicdeploy.operations.stdio import STDOUT, has_reader

    for events in stream.events():
        view.show(events)
        if not has_reader(STDOUT):
            raise BrokenPipeError
