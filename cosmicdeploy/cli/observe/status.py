"""Commands that look and change nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge import Call, failed_report, run_command
from cosmicdeploy.cli.options import Junit, common_options
from cosmicdeploy.cli.terminal import Terminal, told_on_stderr

if TYPE_CHECKING:
    from cosmicdeploy.context import Context
    from cosmicdeploy.report.model import Report


@common_options
def verify(
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="POINT", help="This point alone; repeatable.", autocompletion=completion.points
        ),
    ] = None,
    junit: Junit = None,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Check the running stack point by point; exit 5 where one fails.

    Containers, images, orphans, schema, health, scheduler, monitor, heartbeat and proxy. One that
    could not be asked, such as a heartbeat that a rate limit refuses, is unproven: exit 5 as well.

    \b
    Examples:
      cosmicdeploy verify
      cosmicdeploy verify --only health --only heartbeat --junit verify.xml
    """
    run_command("verify", terminal, lambda call: _verify(call, config, only or [], junit))


@common_options
def status(*, config: Path | None, terminal: Terminal) -> None:
    """Show what runs, and what is not as it should be.

    \b
    Examples:
      cosmicdeploy status
      cosmicdeploy status --json
    """
    run_command("status", terminal, lambda call: _status(call, config))


def with_junit(call: Call, junit: Path | None, look: Callable[[], Report]) -> Report:
    """What a look reports, also as JUnit XML where that is wanted."""
    from cosmicdeploy.errors import UsageError, to_cosmic_error
    from cosmicdeploy.report.junit import require_writable, write_junit

    if junit is None:
        return look()
    require_writable(junit)
    try:
        report = look()
    except BaseException as error:  # told at the edge; an older file must not tell otherwise
        with suppress(UsageError):
            write_junit(junit, failed_report(call, to_cosmic_error(error)))
        raise
    write_junit(junit, report)
    return report


def _verify(call: Call, config: Path | None, only: list[str], junit: Path | None) -> Report:
    return with_junit(call, junit, lambda: _points(call, config, only))


def _points(call: Call, config: Path | None, only: list[str]) -> Report:
    from dataclasses import asdict

    from cosmicdeploy.cli.reporting import noting
    from cosmicdeploy.errors import ExitCode
    from cosmicdeploy.operations.status import verify
    from cosmicdeploy.probes.preconditions.notices import notices
    from cosmicdeploy.verification.points import known_points
    from cosmicdeploy.workspace import open_playbook, open_stack

    points = known_points(only)
    ctx = open_stack(config, call.hearing(told_on_stderr(call.terminal)))
    results = verify(ctx, open_playbook(ctx.loaded, "verify"), points)
    failing = any(not result.ok for result in results)
    report = call.report(
        outcome="failed" if failing else "done",
        exit_code=int(ExitCode.CHECK_FAILED) if failing else 0,
        release=ctx.running_release() or None,
        checks=[asdict(result) for result in results],
    )
    return noting(report, notices(ctx))


def _status(call: Call, config: Path | None) -> Report:
    from cosmicdeploy.cli.reporting import feature_reports, noting, unfinished_reports
    from cosmicdeploy.operations.status import status
    from cosmicdeploy.probes.preconditions.notices import notices
    from cosmicdeploy.report.views.features import show_switched_off
    from cosmicdeploy.report.views.status import show_status
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, call.hearing())
    rows, features = status(ctx), feature_reports(ctx)
    if not call.terminal.json:
        show_status(rows, call.terminal.console)
        _show_run_at_work(call, ctx)
        show_switched_off(call.terminal.console, features)
    report = call.report(
        outcome="done",
        release=ctx.running_release() or None,
        data=rows,
        unfinished=unfinished_reports(ctx),
        features=features,
    )
    return noting(report, notices(ctx))


def _show_run_at_work(call: Call, ctx: Context) -> None:
    """As the lock has it, without waiting for a sign of life."""
    from cosmicdeploy.lock import living_holder
    from cosmicdeploy.lock.holder import describe

    marker = living_holder(ctx.engine, ctx.stack.project)
    if marker is not None:
        command = f"`cosmicdeploy {marker.labels.get('command')}`"
        told = f"at work: {command}, {describe(marker.labels)}"
        call.terminal.console.print(told, soft_wrap=True)
