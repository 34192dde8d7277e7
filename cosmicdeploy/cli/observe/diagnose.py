"""`cosmicdeploy diagnose`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge import Call, run_command
from cosmicdeploy.cli.options import Wait, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cosmicdeploy.context import Context
    from cosmicdeploy.operations.diagnosis.diagnose import Diagnosis
    from cosmicdeploy.operations.diagnosis.finding import Remedy
    from cosmicdeploy.operations.diagnosis.fix import Fix, FixOptions
    from cosmicdeploy.playbook import Playbook
    from cosmicdeploy.report.model import Report
    from cosmicdeploy.report.progress import Watch
    from cosmicdeploy.report.views.diagnosis import Facts

EXAMPLES = """\b
Examples:
  cosmicdeploy diagnose                       all five; changes nothing
  cosmicdeploy diagnose scheduler --fix       ask, mend, and look again
  cosmicdeploy diagnose --list                the troubles there are
"""


@common_options
def diagnose(
    problems: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TROUBLE",
            help="Of migration, command, scheduler, database-load, unhealthy; default: all.",
            show_default=False,
            autocompletion=completion.troubles,
        ),
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what is found; each remedy is said and asked for.")
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="Name the troubles, and stop.")] = False,
    wait: Wait = 0.0,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Find out what is wrong, and mend it with --fix.

    Looks at a migration that fails or is stuck, a command that is not found, a scheduler that does
    not run it, a database under high load, and containers that are unhealthy; exit 5 where a
    problem stands. With --fix remedies run under the lock, and after each the same checks again.
    """
    if list_:
        run_command("diagnose --list", terminal, _list)
    names = problems or []
    run_command("diagnose", terminal, lambda call: _diagnose(call, config, names, wait, fix=fix))


def _list(call: Call) -> Report:
    from cosmicdeploy.operations.diagnosis.diagnose import TROUBLES
    from cosmicdeploy.report.tables import table

    rows = [
        {"trouble": each.name, "about": each.about, "looks at": ", ".join(each.checks)}
        for each in TROUBLES.values()
    ]
    if not call.terminal.json:
        call.terminal.console.print(table(("trouble", "about", "looks at"), rows))
    return call.report(outcome="done", data=rows)


def _diagnose(
    call: Call, config: Path | None, names: list[str], wait: float, *, fix: bool
) -> Report:
    from cosmicdeploy.operations.diagnosis.diagnose import diagnose as run_checks
    from cosmicdeploy.operations.diagnosis.diagnose import troubles_named
    from cosmicdeploy.operations.diagnosis.fix import Fix
    from cosmicdeploy.report.progress import Watch
    from cosmicdeploy.workspace import open_stack

    wanted = troubles_named(names)
    watch = Watch(call.terminal.console)
    ctx = open_stack(config, call.hearing(watch))
    with watch:
        found: Sequence[Diagnosis] = [run_checks(ctx, trouble) for trouble in wanted]
    before = [each.facts() for each in found]
    _show(call, before, fixing=fix)
    fixing = Fix(ctx=ctx, options=_hands(call, ctx, watch, wait))
    if fix and not all(each.well for each in found):
        found = fixing.run(found)
    return _report(call, before, found, fixing)


def _hands(call: Call, ctx: Context, watch: Watch, wait: float) -> FixOptions:
    from cosmicdeploy.operations.diagnosis.fix import FixOptions
    from cosmicdeploy.workspace import open_playbook

    def agree(remedy: Remedy) -> bool:
        call.terminal.console.print(f"==> {remedy.says}", soft_wrap=True)
        if remedy.resolves and call.terminal.yes:
            told = f"only a person may say so: `cosmicdeploy {remedy.command}`"
            call.terminal.console.print(f"    {told}", soft_wrap=True)
            return False
        return call.terminal.confirm("Do that?")

    def playbook(name: str) -> Playbook:
        return open_playbook(ctx.loaded, name)

    return FixOptions(agree=agree, playbook=playbook, shown=lambda: watch, wait=wait)


def _show(call: Call, troubles: Sequence[Facts], *, fixing: bool) -> None:
    from cosmicdeploy.report.views.diagnosis import show_diagnosis

    if not call.terminal.json:
        show_diagnosis(call.terminal.console, troubles, fixing=fixing)


def _report(call: Call, before: Sequence[Facts], found: Sequence[Diagnosis], fixing: Fix) -> Report:
    from cosmicdeploy.errors import ExitCode
    from cosmicdeploy.report.views.diagnosis import show_end, show_tried

    troubles, tried = [each.facts() for each in found], [each.facts() for each in fixing.attempts]
    if tried:
        ill = [now for now, was in zip(troubles, before, strict=True) if not was["well"]]
        _show(call, ill, fixing=True)
    well = all(each.well for each in found)
    report = call.report(
        outcome="failed" if not well else "changed" if fixing.applied else "done",
        exit_code=0 if well else int(ExitCode.CHECK_FAILED),
        release=fixing.ctx.running_release() or None,
        data={"troubles": troubles, "before": before if tried else None, "remedies": tried},
    )
    if not call.terminal.json:
        show_tried(call.terminal.console, tried)
        show_end(call.terminal.console, troubles, report.seconds)
    return report
