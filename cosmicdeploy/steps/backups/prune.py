"""Remove the backups that no rule keeps, with their copies and kept images."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from cosmicdeploy.context import Context
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.manifest import now
from cosmicdeploy.database.backups.removal import finish_removal, pending_removals, start_removal
from cosmicdeploy.database.backups.retention import Decision, decide
from cosmicdeploy.database.copies.copies import Copies
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.journal.unfinished import unfinished
from cosmicdeploy.steps.backups.kept_images import last_releases, let_go_of_images, ways_back


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """Ids of removed backups and images; `warnings` say what is left for the next prune."""

    backups: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def copies_of(ctx: Context) -> Copies:
    """Return the copies at the destinations of the settings."""
    return Copies(ctx.catalogue, ctx.settings.backup.copies, ctx.loaded.directory)


def prune_plan(ctx: Context) -> list[Decision]:
    """Return for each backup, newest first, whether it stays, and why."""
    backups = ctx.catalogue.list()
    return decide(backups, ctx.settings.backup.keep, _needed(ctx, backups), now())


def half_removed(ctx: Context) -> list[str]:
    """Return the ids of backups whose removal was interrupted or could not be finished."""
    return [backup.id for backup in pending_removals(ctx.catalogue)]


def prune(ctx: Context, agreed: Collection[str] | None = None) -> Pruned:
    """Remove what the plan removes, and finish what an earlier prune began.

    `agreed` limits it to these ids. The caller holds the stack's lock. A failure is a warning: the
    next prune continues with it.
    """
    chosen = [
        d.backup
        for d in prune_plan(ctx)
        if not d.keep and (agreed is None or d.backup.id in agreed)
    ]
    warnings: list[str] = []
    gone = [backup.id for backup in chosen if _condemned(ctx, backup, warnings)]
    images = [i for b in pending_removals(ctx.catalogue) for i in _finish(ctx, b, warnings)]
    return Pruned(backups=tuple(gone), images=tuple(images), warnings=tuple(warnings))


def _needed(ctx: Context, backups: Collection[Backup]) -> dict[str, str]:
    if runs := unfinished(ctx.journal):  # an unfinished run may need any of them to undo
        return {backup.id: f"`cosmicdeploy {runs[0].command}` is unfinished" for backup in backups}
    return {
        backup_id: f"the way back from release {record.get('release') or 'unknown'}"
        for record in last_releases(ctx)
        for backup_id in ways_back(record)
    }


def _condemned(ctx: Context, backup: Backup, warnings: list[str]) -> bool:
    try:
        taken = start_removal(ctx.catalogue, backup)
    except CosmicError as error:
        warnings.append(str(error))
        return False
    if not taken:
        warnings.append(f"{backup.id} is in use, or pinned by now, so it stays")
    return taken


def _finish(ctx: Context, backup: Backup, warnings: list[str]) -> list[str]:
    """Finish a removal, which a kill may have interrupted; return the ids of removed images."""
    try:
        copies_of(ctx).remove(backup)
        images = let_go_of_images(ctx, backup.manifest.images.values())
        finish_removal(ctx.catalogue, backup.id)
    except CosmicError as error:
        warnings.append(f"{backup.id} is not wholly removed: {error}")
        return []
    return images
