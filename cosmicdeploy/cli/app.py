"""The command line: one file per group of commands, no logic here."""

from __future__ import annotations

import typer

from cosmicdeploy.cli import backup, deploy, init, lock, look, migrate, rollback

app = typer.Typer(
    name="cosmicdeploy",
    help="Deploy a docker-compose production stack: backup, build, migrate, roll, verify.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(deploy.deploy)
app.command()(deploy.up)
app.command()(deploy.step)
app.command()(rollback.rollback)
app.command()(migrate.migrate)
app.command()(look.verify)
app.command()(look.status)
app.command()(init.init)
app.add_typer(backup.app, name="backup")
app.add_typer(lock.app, name="lock")
