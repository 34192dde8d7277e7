"""Check that the application can write its log file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from cosmicdeploy.context.context import Context
from cosmicdeploy.operations.diagnosis.finding import Finding, Remedy, ok, problem
from cosmicdeploy.operations.diagnosis.remedies import DIAGNOSE_FIX
from cosmicdeploy.probes.application.features import running
from cosmicdeploy.probes.application.writable import find_unwritable
from cosmicdeploy.steps.commands.chown import ChownStep, chown_command
from cosmicdeploy.text.formatting import counted

LOG_FILE = "log file"


def log_file(ctx: Context) -> Iterator[Finding]:
    """Check that the application's user can write to the log file in each container.

    If an operator's command created the file as root, every request that logs something fails. Runs
    a shell in each container.
    """
    path, containers = ctx.settings.app.log_file, running(ctx)
    if path is None:
        yield ok(LOG_FILE, "app.log_file is not configured")
        return
    writable, user = [], ctx.console_user
    for name, container in containers.items():
        file = find_unwritable(ctx, container, path)
        if file is None:
            writable.append(name)
            continue
        text = (
            f"{file.path} in {name} belongs to {file.owner}:"
            f" {user or 'the application'} cannot write to it"
        )
        command = chown_command(ctx.service(name), container, user or "USER", file.path)
        remedies = [_chown(name, path, f"give {file.path} in {name} to {user}")] if user else []
        yield problem(LOG_FILE, text, command, remedies=remedies)
    if writable:
        yield ok(LOG_FILE, f"{path} can be written to in {counted(len(writable), 'container')}")


def _chown(name: str, path: PurePosixPath, description: str) -> Remedy:
    step = ChownStep(name=f"log file of {name}", service=name, path=path)
    return Remedy(description=description, command=DIAGNOSE_FIX, steps=(step,))
