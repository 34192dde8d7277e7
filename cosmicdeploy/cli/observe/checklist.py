"""`cosmicdeploy checklist`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.edge import Call, run_command
from cosmicdeploy.cli.observe.status import with_junit
from cosmicdeploy.cli.options import Junit, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.context import Context
    from cosmicdeploy.report.model import Report

EXAMPLES = """\b
Examples:
  cosmicdeploy checklist          since the deploy, beside the time before it
  cosmicdeploy checklist --since 2h --junit checklist.xml
  cosmicdeploy checklist --probe  try the rate limit with a burst of beats
"""


@common_options
def checklist(
    since: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="Logs and tables from then on: 90m, 2d, 18:30; default: the last deploy.",
        ),
    ] = "",
    probe: Annotated[
        bool,
        typer.Option("--probe", help="Send beats of one device until its rate limit refuses one."),
    ] = False,
    record: Annotated[
        bool,
        typer.Option("--record", help="Take the stack as it is now for the time before, and stop."),
    ] = False,
    junit: Junit = None,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Check the day after a deploy; exit 5 where a point is worse.

    Migrations, transitions, flapping, rate limit, scheduler, database, cache, errors, external
    services: each better, same, worse or unknown, by logs, tables and counters beside what the
    deploy recorded of the time before it.
    """
    if record and (since or probe or junit):
        raise typer.BadParameter("--record takes no other option")
    if record:
        run_command("checklist", terminal, lambda call: _record(call, config))
    run_command(
        "checklist",
        terminal,
        lambda call: with_junit(call, junit, lambda: _look(call, config, since, probe)),
    )


def _look(call: Call, config: Path | None, since: str, probe: bool) -> Report:
    from dataclasses import asdict
    from datetime import datetime

    from cosmicdeploy.errors import ExitCode
    from cosmicdeploy.operations.checklist import compare
    from cosmicdeploy.operations.durations import since_when
    from cosmicdeploy.workspace import open_stack

    begin = since_when(since, datetime.now().astimezone()).timestamp() if since else None
    ctx = open_stack(config, call.hearing())
    found = compare(ctx, since=begin, probe=probe)
    return call.report(
        outcome="failed" if found.worse else "done",
        exit_code=int(ExitCode.CHECK_FAILED) if found.worse else 0,
        release=_release(ctx),
        checklist={
            "since": found.since,
            "seconds": found.seconds,
            "baseline": found.baseline.summary() if found.baseline else None,
            "points": [asdict(point) for point in found.points],
        },
    )


def _record(call: Call, config: Path | None) -> Report:
    from cosmicdeploy.operations.checklist import record
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, call.hearing())
    made = record(ctx)
    unseen = {name: found["why"] for name, found in made.before.items() if "why" in found}
    say = call.terminal.console.print
    say(f"recorded: {', '.join(sorted(made.before.keys() - unseen))}")
    for name, why in unseen.items():
        say(f"left out: {name}: {why}", soft_wrap=True)
    return call.report(
        outcome="changed", release=made.release or None, data={**made.summary(), "left_out": unseen}
    )


def _release(ctx: Context) -> str | None:
    from cosmicdeploy.errors import CosmicError

    try:
        return ctx.running_release() or None
    except CosmicError:
        return None
