"""Check that backups can be written, signed and copied."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.copies.destination import Destination
from cosmicdeploy.database.copies.store import Store
from cosmicdeploy.errors import BackupError, ConfigError
from cosmicdeploy.operations.doctor.combining import attempted
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome, Unchecked, flaw_of
from cosmicdeploy.probes.storage.disks import nearest_existing

NO_SIGNATURE = "no backup could be signed"
NO_COPY = "no backup would be copied there"
NO_REQUIRED_COPY = "its backup fails without this copy"
NO_COPIES = "no copy elsewhere (backup.copies)"


def backups(ctx: Context) -> Outcome:
    """Check the folder of backups, the key that signs them, and each destination of copies.

    Lists the files at each destination, and writes none.
    """
    destinations = ctx.settings.backup.copies
    parts: list[Callable[[], Outcome]] = [
        partial(_own_folder, ctx, has_copies=bool(destinations)),
        partial(_key, ctx),
        *(partial(_destination, ctx, each) for each in destinations),
    ]
    return attempted(*parts)


def _own_folder(ctx: Context, *, has_copies: bool) -> Outcome:
    """Return where backups go; the check `disk` covers the folder's permissions and its disk."""
    folder = str(ctx.catalogue.folder)
    return Outcome(found=folder if has_copies else f"{folder}, {NO_COPIES}")


def _key(ctx: Context) -> Outcome:
    variable = ctx.settings.backup.signing_key_variable
    if variable is None:
        return Outcome()
    try:
        ctx.loaded.secret(variable)
    except ConfigError as error:
        return Outcome(flaws=(flaw_of(error, "deploy", NO_SIGNATURE),))
    return Outcome(found=f"signed with {variable}")


def _destination(ctx: Context, destination: Destination) -> Outcome:
    """Open a destination and list it; if it is a folder of this machine, it must be writable."""
    try:
        store = Store(destination, ctx.loaded.directory)
        store.names()
    except BackupError as error:
        return Outcome(flaws=(_copy_flaw(destination, error),))
    folder = store.local_folder
    if folder is None:
        why = f"{destination.name} can be listed; whether it can be written is not tried"
        todo = "`cosmicdeploy backup create` writes the first copy, and reads it back"
        return Outcome(unchecked=(Unchecked(why=why, todo=todo),))
    if not os.access(nearest_existing(folder), os.W_OK | os.X_OK):
        return Outcome(flaws=(_copy_flaw(destination, _not_writable(folder)),))
    return Outcome(found=f"copies to {destination.name}")


def _copy_flaw(destination: Destination, error: BackupError) -> Flaw:
    """Return the flaw of a destination that takes no copy: a deploy fails if it is required."""
    if destination.required:
        return flaw_of(error, "deploy", NO_REQUIRED_COPY)
    return flaw_of(error, "data", NO_COPY)


def _not_writable(folder: Path) -> BackupError:
    return BackupError(
        f"User {os.getuid()} cannot create files in the destination of copies",
        where=str(folder),
        todo=f"give the folder to that user: `install -d -m 700 -o {os.getuid()}"
        f" {shlex.quote(str(folder))}` as root",
    )


CHECK = Check(
    name="backups", about="backups can be written, signed and copied", run=backups, seconds=30.0
)
