"""The command `cosmicdeploy verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.junit import Junit, with_junit
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal, notices_to_stderr

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def verify(
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="POINT",
            help="Check this point only; repeatable.",
            autocompletion=completion.points,
        ),
    ] = None,
    junit: Junit = None,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Verify the running release; exit 5 if a point fails.

    Points include containers, images, schema, health, scheduler, heartbeat and proxy. A point that
    could not be tested, such as a heartbeat that a rate limit refuses, is unproven, and counts as a
    failure.

    \b
    Examples:
      cosmicdeploy verify
      cosmicdeploy verify --only health --only heartbeat --junit verify.xml
    """
    points = only or []
    run_command(
        "verify",
        terminal,
        lambda call: with_junit(call, junit, lambda: _verify(call, config, points)),
    )


def _verify(call: Call, config: Path | None, only: list[str]) -> Report:
    from cosmicdeploy.cli.reporting import release_fields, with_notices
    from cosmicdeploy.errors import ExitCode
    from cosmicdeploy.operations.notices import notices
    from cosmicdeploy.operations.status import verify
    from cosmicdeploy.verification.points import known_points
    from cosmicdeploy.workspace import open_playbook, open_stack

    points = known_points(only)
    ctx = open_stack(config, call.event_handler(notices_to_stderr(call.terminal)))
    results = verify(ctx, open_playbook(ctx.loaded, "verify", ctx.warn), points)
    failing = any(not result.ok for result in results)
    report = call.report(
        outcome="failed" if failing else "done",
        exit_code=int(ExitCode.CHECK_FAILED) if failing else 0,
        **release_fields(ctx),
        checks=results,
    )
    return with_notices(report, notices(ctx))
