"""The command `cosmicdeploy diagnose`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import Wait, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cosmicdeploy.context.context import Context
    from cosmicdeploy.operations.diagnosis.finding import Diagnosis, Remedy
    from cosmicdeploy.operations.diagnosis.fix import Fix, FixOptions
    from cosmicdeploy.playbook import Playbook
    from cosmicdeploy.report.model import Report
    from cosmicdeploy.report.progress import ProgressView
    from cosmicdeploy.report.views.diagnosis import Facts

EXAMPLES = """\b
Examples:
  cosmicdeploy diagnose                  check everything; change nothing
  cosmicdeploy diagnose scheduler --fix  ask, fix, and check again
  cosmicdeploy diagnose --list           list the known problems
"""


@common_options
def diagnose(
    problems: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROBLEM",
            help="One of migration, command, scheduler, database-load, unhealthy, heartbeat, cache,"
            " storage, clock (default: all).",
            show_default=False,
            autocompletion=completion.problems,
        ),
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Fix the problems found; asks before each remedy.")
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the problems, then exit.")] = False,
    wait: Wait = 0.0,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Find the cause of a common problem; fix it with --fix.

    Checks for a failed or stuck migration, a missing console command (`verify.command`), a
    scheduler that does not run that command, high database load, unhealthy or paused containers,
    heartbeats that are not accepted, a Redis that refuses writes, storage that cannot be written, a
    disk that is nearly full, and clocks that differ. Exit 5 if a problem remains. With --fix,
    remedies run under the lock; after each remedy, the checks run again.
    """
    if list_:
        run_command("diagnose --list", terminal, _list)  # exits
    names = problems or []
    run_command("diagnose", terminal, lambda call: _diagnose(call, config, names, wait, fix=fix))


def _list(call: Call) -> Report:
    from cosmicdeploy.operations.diagnosis.diagnose import KNOWN_PROBLEMS
    from cosmicdeploy.report.tables import table

    rows = [
        {"problem": problem.name, "about": problem.about, "checks": ", ".join(problem.checks)}
        for problem in KNOWN_PROBLEMS.values()
    ]
    if not call.terminal.json:
        call.terminal.console.print(table(("problem", "about", "checks"), rows))
    # The keys of --json keep their first names, which differ from the headers of the table.
    data = [
        {"trouble": row["problem"], "about": row["about"], "looks at": row["checks"]}
        for row in rows
    ]
    return call.report(outcome="done", data=data)


def _diagnose(
    call: Call, config: Path | None, names: list[str], wait: float, *, fix: bool
) -> Report:
    from cosmicdeploy.operations.diagnosis.diagnose import diagnose_all, select_problems
    from cosmicdeploy.operations.diagnosis.fix import Fix
    from cosmicdeploy.report.progress import ProgressView
    from cosmicdeploy.workspace import open_stack

    problems = select_problems(names)
    view = ProgressView(call.terminal.console)
    ctx = open_stack(config, call.event_handler(view))
    with view:
        diagnoses: Sequence[Diagnosis] = diagnose_all(ctx, problems)
    before = [diagnosis.facts() for diagnosis in diagnoses]
    _show(call, before, fixing=fix)
    fixer = Fix(ctx=ctx, options=_options(call, ctx, view, wait))
    if fix and not all(diagnosis.passes for diagnosis in diagnoses):
        diagnoses = fixer.run(diagnoses)
    return _report(call, before, diagnoses, fixer)


def _options(call: Call, ctx: Context, view: ProgressView, wait: float) -> FixOptions:
    from cosmicdeploy.operations.diagnosis.fix import FixOptions
    from cosmicdeploy.workspace import open_playbook

    def agree(remedy: Remedy) -> bool:
        call.terminal.console.print(f"==> {remedy.description}", soft_wrap=True)
        if remedy.resolves_schema and call.terminal.yes:
            reason = f"--yes does not cover this: run `cosmicdeploy {remedy.command}`"
            call.terminal.console.print(f"    {reason}", soft_wrap=True)
            return False
        return call.terminal.confirm("Run this remedy?")

    def playbook(name: str) -> Playbook:
        return open_playbook(ctx.loaded, name, ctx.warn)

    return FixOptions(agree=agree, playbook=playbook, display=lambda: view, wait=wait)


def _show(call: Call, troubles: Sequence[Facts], *, fixing: bool) -> None:
    from cosmicdeploy.report.views.diagnosis import show_diagnosis

    if not call.terminal.json:
        show_diagnosis(call.terminal.console, troubles, fixing=fixing)


def _report(
    call: Call, before: Sequence[Facts], diagnoses: Sequence[Diagnosis], fixer: Fix
) -> Report:
    """Return the report of a diagnosis; print the problems that were checked again after a remedy.

    `before` are the facts of the first diagnoses, and `diagnoses` the last ones, in the same order.
    """
    from cosmicdeploy.cli.reporting import release_fields
    from cosmicdeploy.errors import ExitCode
    from cosmicdeploy.report.views.diagnosis import show_attempts, show_remaining

    troubles = [diagnosis.facts() for diagnosis in diagnoses]
    attempts = [attempt.facts() for attempt in fixer.attempts]
    if attempts:
        checked_again = [now for now, was in zip(troubles, before, strict=True) if not was["well"]]
        _show(call, checked_again, fixing=True)
    well = all(diagnosis.passes for diagnosis in diagnoses)
    outcome = "changed" if fixer.applied else "done"
    report = call.report(
        outcome=outcome if well else "failed",
        exit_code=0 if well else int(ExitCode.CHECK_FAILED),
        **release_fields(fixer.ctx),
        data={"troubles": troubles, "before": before if attempts else None, "remedies": attempts},
    )
    if not call.terminal.json:
        show_attempts(call.terminal.console, attempts)
        show_remaining(call.terminal.console, troubles, report.seconds)
    return report
