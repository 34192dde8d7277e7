"""The command `cosmicdeploy checklist`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.junit import Junit, with_junit
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.context.context import Context
    from cosmicdeploy.report.model import Report

EXAMPLES = """\b
Examples:
  cosmicdeploy checklist          compare the time since the last deploy
  cosmicdeploy checklist --since 2h --junit checklist.xml
  cosmicdeploy checklist --probe  test the rate limit with heartbeats
"""


@common_options
def checklist(
    since: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="Use evidence from this time on (90m, 2d, 18:30; default: the last deploy).",
        ),
    ] = "",
    probe: Annotated[
        bool,
        typer.Option(
            "--probe", help="Send a device's heartbeats until the rate limit refuses one of them."
        ),
    ] = False,
    record: Annotated[
        bool,
        typer.Option("--record", help="Record the current state as the new baseline, then exit."),
    ] = False,
    junit: Junit = None,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Compare the stack with the baseline; exit 5 if it is worse.

    Use it the day after a deploy; the deploy records the baseline before it changes anything. The
    points are migrations, transitions, flapping, rate limit, scheduler, database, cache, errors and
    external services. Logs, tables and counters show whether each point is better, same, worse or
    unknown. The stack is worse if any point is.
    """
    if record and (since or probe or junit):
        raise typer.BadParameter("--record excludes --since, --probe and --junit")
    if record:
        run_command("checklist", terminal, lambda call: _record(call, config))  # exits
    run_command(
        "checklist",
        terminal,
        lambda call: with_junit(call, junit, lambda: _compare(call, config, since, probe)),
    )


def _compare(call: Call, config: Path | None, since: str, probe: bool) -> Report:
    from dataclasses import asdict
    from datetime import datetime

    from cosmicdeploy.errors import ExitCode
    from cosmicdeploy.operations.checklist import compare
    from cosmicdeploy.operations.durations import parse_time
    from cosmicdeploy.workspace import open_stack

    start = parse_time(since, datetime.now().astimezone()).timestamp() if since else None
    ctx = open_stack(config, call.event_handler())
    result = compare(ctx, since=start, probe=probe)
    return call.report(
        outcome="failed" if result.is_worse else "done",
        exit_code=int(ExitCode.CHECK_FAILED) if result.is_worse else 0,
        release=_release(ctx),
        checklist={
            "since": result.since,
            "seconds": result.seconds,
            "baseline": result.baseline.summary() if result.baseline else None,
            "points": [asdict(point) for point in result.points],
        },
    )


def _record(call: Call, config: Path | None) -> Report:
    from cosmicdeploy.operations.checklist import record
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, call.event_handler())
    baseline = record(ctx)
    # A point that could not be recorded has a reason ("why") in place of figures.
    left_out = {name: value["why"] for name, value in baseline.before.items() if "why" in value}
    console = call.terminal.console
    recorded = sorted(baseline.before.keys() - left_out)
    console.print(f"recorded: {', '.join(recorded)}", soft_wrap=True)
    for name, why in left_out.items():
        console.print(f"not recorded: {name}: {why}", soft_wrap=True)
    return call.report(
        outcome="changed",
        release=baseline.release or None,
        data={**baseline.summary(), "left_out": left_out},
    )


def _release(ctx: Context) -> str | None:
    """Return the running release; None if it is unknown, or the engine does not answer."""
    from cosmicdeploy.context.releases import running_release
    from cosmicdeploy.errors import CosmicError

    try:
        return running_release(ctx) or None
    except CosmicError:
        return None
