"""Check that the database can be backed up and restored: privileges, settings and contents."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.context.context import NO_DATABASE, Context
from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.dump.options import DumpOptions
from cosmicdeploy.database.dump.requirements import is_lasting, unmet_requirements
from cosmicdeploy.errors import BackupError, ConfigError, CosmicError, DatabaseError
from cosmicdeploy.operations.doctor.outcome import (
    Check,
    Flaw,
    Outcome,
    Unchecked,
    flaw_of,
    unchecked_of,
)
from cosmicdeploy.probes.storage.disks import nearest_existing

NO_BACKUP = "its backup would fail, so it would change nothing"
UNKNOWN_PASSWORD = "it could not log in to the database"  # noqa: S105 - a message
NOT_BACKED_UP = "no backup has the data of {}, and a rollback brings back code alone"
SECONDS = 60.0


def database(ctx: Context) -> Outcome:
    """Check all that a backup requires of the database, its user and its server."""
    if ctx.settings.database is None:
        return _without_database(ctx)
    try:
        ctx.loaded.secret(ctx.settings.database.password_variable)
    except ConfigError as error:
        return Outcome(flaws=(flaw_of(error, "deploy", UNKNOWN_PASSWORD),))
    access = ctx.database()
    flaws, unchecked = list[Flaw](), list[Unchecked]()
    try:
        for unmet in _unmet(ctx, access):
            if is_lasting(unmet):
                flaws.append(flaw_of(unmet, "deploy", NO_BACKUP))
            else:
                unchecked.append(unchecked_of(unmet))
    except CosmicError as error:  # the flaws that were found before it are still reported
        unchecked.append(unchecked_of(error))
    found = "" if flaws or unchecked else f"{access.where} can be backed up and restored"
    return Outcome(found=found, flaws=tuple(flaws), unchecked=tuple(unchecked))


def _unmet(ctx: Context, access: DatabaseAccess) -> Iterator[BackupError | DatabaseError]:
    """Yield an error for each requirement that does not hold.

    If the database fails during the checks, the last error says so.
    """
    backup, folder = ctx.settings.backup, nearest_existing(ctx.catalogue.folder)
    options = DumpOptions(exact=backup.exact, silence=backup.silence, prove=backup.prove)
    try:
        yield from unmet_requirements(ctx.engine, access, folder, options, SECONDS)
    except DatabaseError as error:
        yield error


def _without_database(ctx: Context) -> Outcome:
    kept = ", ".join(ctx.settings.services.keeping_data)
    if not kept:
        return Outcome(found=NO_DATABASE)
    return Outcome(
        flaws=(
            Flaw(
                stake="note",
                loses=NOT_BACKED_UP.format(kept),
                why=f"{NO_DATABASE} that the deployer backs up",
                todo="back it up by other means before each deploy; MariaDB and MySQL can be named"
                " as services.database (`cosmicdeploy adopt --print` shows how)",
            ),
        )
    )


CHECK = Check(
    name="database",
    about="the database can be backed up and restored",
    run=database,
    seconds=SECONDS,
)
