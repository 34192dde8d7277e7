"""Rotate the journal at the end of a run: move old records to the journal's archive."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, to_cosmic_error
from cosmicdeploy.events import Warned
from cosmicdeploy.journal.rotation.needed import Needed
from cosmicdeploy.journal.rotation.rotation import is_due, rotate
from cosmicdeploy.steps.backups.kept_images import needed_images


def rotate_journal(ctx: Context) -> None:
    """Rotate the journal if a rotation is due; the run must hold the lock.

    An error is only a warning, since the run is over; the next run tries again.
    """
    try:
        if is_due(ctx.journal):
            ctx.lock.require()
            rotate(ctx.journal, _needed(ctx))
    except (CosmicError, OSError) as error:
        why = to_cosmic_error(error).what
        ctx.emit(Warned(text=f"the journal {ctx.journal.path} was not rotated: {why}"))


def _needed(ctx: Context) -> Needed:
    return Needed(
        backups=frozenset(backup.id for backup in ctx.catalogue.list()),
        images=frozenset(needed_images(ctx)),
        tags=frozenset(service.image for service in ctx.stack.services.values()),
        releases=ctx.settings.backup.keep.releases,
    )
