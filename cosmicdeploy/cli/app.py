"""The command line: one file per group of commands, no logic here."""

from __future__ import annotations

from typing import Annotated

import typer

from cosmicdeploy.cli.backups import backup
from cosmicdeploy.cli.calls import Commands
from cosmicdeploy.cli.manage import exec, features, init, lock, migrate
from cosmicdeploy.cli.observe import checklist, diagnose, logs, monitor, status
from cosmicdeploy.cli.release import deploy, playbook, restart, rollback

EXAMPLES = """\b
Examples:
  cosmicdeploy init kiosk            lay out the shipped stack in kiosk/
  cosmicdeploy deploy --plan         show what a deploy would change
  cosmicdeploy deploy                put the release in this folder to work
  cosmicdeploy rollback --to latest  go back to the last backup
"""

app = typer.Typer(
    name="cosmicdeploy",
    cls=Commands,
    help="Deploy a docker-compose production stack: backup, build, migrate, roll, verify.",
    epilog=EXAMPLES,
    context_settings={"max_content_width": 100},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: to load rich takes longer than all the rest of it
)


def _print_version(wanted: bool) -> None:
    if wanted:
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
    """Options of no command."""


app.command()(deploy.deploy)
app.command()(deploy.up)
app.command()(deploy.step)
app.command()(rollback.rollback)
app.command()(migrate.migrate)
app.command()(status.verify)
app.command()(status.status)
app.command(epilog=diagnose.EXAMPLES)(diagnose.diagnose)
app.command(epilog=checklist.EXAMPLES)(checklist.checklist)
app.command(epilog=monitor.EXAMPLES)(monitor.watch)
app.command(epilog=logs.EXAMPLES)(logs.logs)
app.command("exec", context_settings=exec.SETTINGS)(exec.exec_)
app.command()(exec.shell)
app.command(context_settings=exec.SETTINGS)(exec.console)
app.command()(restart.restart)
app.command()(init.init)
app.add_typer(backup.app, name="backup")
app.add_typer(features.app, name="features")
app.add_typer(lock.app, name="lock")
app.add_typer(playbook.app, name="playbook")
