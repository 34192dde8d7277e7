"""The command group `cosmicdeploy backup`."""

from __future__ import annotations

import typer

from cosmicdeploy.cli.backups import copy, create, fetch, list, pin, prune, show, verify

app = typer.Typer(help="Create, verify, copy and prune database backups.", no_args_is_help=True)

app.command()(create.create)
app.command("list")(list.list_)
app.command()(show.show)
app.command()(verify.verify)
app.command()(pin.pin)
app.command()(pin.unpin)
app.command()(prune.prune)
app.command()(copy.copy)
app.command()(fetch.fetch)
