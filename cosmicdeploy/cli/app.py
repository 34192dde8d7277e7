"""The command line: registers every command and command group."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cosmicdeploy.cli import in_container
from cosmicdeploy.cli.backups import group as backup
from cosmicdeploy.cli.edge.usage_errors import reported_usage_errors
from cosmicdeploy.cli.manage import adopt, console, exec, features, init, lock, migrate, shell
from cosmicdeploy.cli.observe import (
    checklist,
    diagnose,
    doctor,
    history,
    logs,
    monitor,
    report,
    status,
    verify,
)
from cosmicdeploy.cli.release import deploy, playbook, restart, rollback, step, up

EXAMPLES = """\b
Examples:
  cosmicdeploy init kiosk            create the shipped stack in kiosk/
  cosmicdeploy adopt                 write the settings for the compose file in this folder
  cosmicdeploy doctor                show what a first deploy would lose
  cosmicdeploy deploy --plan         show what a deploy would change
  cosmicdeploy deploy                deploy the release in this folder
  cosmicdeploy rollback --to latest  roll back to the last backup
"""


class Commands(TyperGroup):
    """The top-level command group; usage errors get hints, and a report if --json is given."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._words: Sequence[str] = ()
        _show_metavars_alone(self)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the words of the first argument or of `args`, by default those of this process."""
        words = args[0] if args else extra.get("args")
        self._words = sys.argv[1:] if words is None else words
        return super().main(*args, **extra)

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Parse the words before the command; report a usage error."""
        with reported_usage_errors(self._words):
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Parse and run the command or the subgroup's command; report a usage error."""
        with reported_usage_errors(self._words):
            return super().invoke(ctx)


def _show_metavars_alone(command: Any) -> None:
    """Make the help of a command and its subcommands show an argument as its bare name: STEP.

    Newer Typer releases would show {STEP} in the usage line, and STEP <str> in the list below it.
    """
    for subcommand in getattr(command, "commands", {}).values():
        _show_metavars_alone(subcommand)
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            parameter.metavar = parameter.metavar or parameter.name.upper()
            usage = placeholder(parameter)
            parameter._usage_display_name = lambda usage=usage: usage
            parameter.display_type_rich = lambda ctx: ""


def placeholder(argument: Any) -> str:
    """Return an argument as a usage line shows it: [STEP] if optional, STEP... if repeatable."""
    name = f"{argument.metavar}..." if argument.nargs == -1 else argument.metavar
    return name if argument.required else f"[{name}]"


app = typer.Typer(
    name="cosmicdeploy",
    cls=Commands,
    help="Deploy a docker-compose production stack: back up, build, migrate, roll out, verify.",
    epilog=EXAMPLES,
    context_settings={"max_content_width": 100},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # loading rich would more than double the time that --help takes
)


def _print_version(requested: bool) -> None:
    if requested:
        from cosmicdeploy import __version__

        typer.echo(f"cosmicdeploy {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Declare the options that need no command."""


app.command()(deploy.deploy)
app.command()(up.up)
app.command()(step.step)
app.command()(rollback.rollback)
app.command()(migrate.migrate)
app.command()(verify.verify)
app.command()(status.status)
app.command(epilog=diagnose.EXAMPLES)(diagnose.diagnose)
app.command(epilog=checklist.EXAMPLES)(checklist.checklist)
app.command(epilog=monitor.EXAMPLES)(monitor.monitor)
app.command("watch", epilog=monitor.EXAMPLES, hidden=True)(monitor.monitor)  # former name
app.add_typer(history.app, name="history")
app.command()(report.report)
app.command(epilog=logs.EXAMPLES)(logs.logs)
app.command("exec", context_settings=in_container.SETTINGS)(exec.exec_)
app.command()(shell.shell)
app.command(context_settings=in_container.SETTINGS)(console.console)
app.command()(restart.restart)
app.command()(init.init)
app.command()(adopt.adopt)
app.command()(doctor.doctor)
app.add_typer(backup.app, name="backup")
app.add_typer(features.app, name="features")
app.add_typer(lock.app, name="lock")
app.add_typer(playbook.app, name="playbook")
