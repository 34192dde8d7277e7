"""Distinguish this stack's own backups from those of other database servers."""

from __future__ import annotations

from dataclasses import replace

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.tools.server_identity import server_identity
from cosmicdeploy.errors import CosmicError


def know_server(ctx: Context) -> None:
    """Let the catalogue compare this stack's database server with the server of each backup.

    Does nothing if the catalogue knows the server already, if no backup of this stack names a
    server, or if the stack has no database. Warns if the database does not answer: then backups of
    another server with the same project and database count as this stack's.
    """
    owner = ctx.catalogue.owner
    if owner is None or owner.server:
        return
    own = [backup for backup in ctx.catalogue.list() if not backup.foreign]
    if not any(backup.manifest.server_id for backup in own) or not ctx.has_database:
        return
    try:
        identity = server_identity(ctx.engine, ctx.database())
    except CosmicError as error:
        ctx.warn(f"it is not known which backups are from this database server: {error.what}")
        return
    ctx.catalogue.owner = replace(owner, server=identity)


def require_own(ctx: Context, target: Backup) -> None:
    """Raise `ForeignBackup` if a backup is another stack's or another server's.

    Accepts every backup if the operator chose --from-other-stack.
    """
    if ctx.run.from_other_stack:
        return
    know_server(ctx)
    owner = ctx.catalogue.owner
    if owner is not None and owner.objection(target.manifest):
        raise owner.refused(target.manifest, str(ctx.catalogue.folder))


def origin_of(ctx: Context, target: Backup) -> str:
    """Return whose data a backup holds, such as "is another stack's: …"; "" if this stack's."""
    owner = ctx.catalogue.owner
    if owner is None:
        return ""
    return owner.objection(target.manifest).removeprefix("it ")
