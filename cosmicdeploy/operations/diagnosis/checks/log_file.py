"""Whether the application can write its log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from cosmicdeploy.context import Context
from cosmicdeploy.operations.diagnosis.finding import Finding, Remedy, ok, problem
from cosmicdeploy.operations.diagnosis.remedies import OWN
from cosmicdeploy.probes.application.features import running
from cosmicdeploy.probes.application.writable import find_unwritable
from cosmicdeploy.steps.commands.chown import ChownStep
from cosmicdeploy.text.formatting import counted

LOG_FILE = "log file"


def log_file(ctx: Context) -> Iterator[Finding]:
    """Whether each container's log can be written to by whom the application runs as: where a
    command by hand made it first, every answer that logs something fails."""
    path, places = ctx.settings.app.log_file, running(ctx)
    if path is None:
        yield ok(LOG_FILE, "app.log_file is not configured")
        return
    well, user = [], ctx.console_user
    for name, container in places.items():
        found = find_unwritable(ctx, container, path)
        if found is None:
            well.append(name)
            continue
        told = f"{found.path} in {name} is {found.owner}'s: {user or 'its own user'} cannot write"
        by_hand = f"docker exec -u root {container.name} chown {user or 'USER'} {found.path}"
        remedies = [_give(name, path, f"give {found.path} in {name} to {user}")] if user else []
        yield problem(LOG_FILE, f"{told} to it", by_hand, remedies=remedies)
    if well:
        yield ok(LOG_FILE, f"{path} can be written to in {counted(len(well), 'container')}")


def _give(name: str, path: PurePosixPath, says: str) -> Remedy:
    step = ChownStep(name=f"log file of {name}", service=name, path=path)
    return Remedy(says=says, command=OWN, steps=(step,))
