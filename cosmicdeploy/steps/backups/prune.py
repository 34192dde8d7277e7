"""Backups that no rule keeps go, with their copies and the images that were kept for them."""

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
    """Ids of backups and images that went; `warnings` say what has to wait for the next prune."""

    backups: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def copies_of(ctx: Context) -> Copies:
    """The places for copies that the settings name."""
    return Copies(ctx.catalogue, ctx.settings.backup.copies, ctx.loaded.directory)


def prune_plan(ctx: Context) -> list[Decision]:
    """Which backups stay and which go, newest first, and why."""
    backups = ctx.catalogue.list()
    return decide(backups, ctx.settings.backup.keep, _needed(ctx, backups), now())


def half_removed(ctx: Context) -> list[str]:
    """Ids of backups whose removal was killed or could not be finished."""
    return [backup.id for backup in pending_removals(ctx.catalogue)]


def prune(ctx: Context, agreed: Collection[str] | None = None) -> Pruned:
    """Remove what the plan lets go, and finish what an earlier prune began.

    `agreed` are the only ids that may go; without it all of the plan do. The caller holds the
    stack's lock. What fails is a warning: the next prune goes on with it.
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
    if runs := unfinished(ctx.journal):  # what such a run took is its way back, so all of them stay
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
    """The rest of a removal, which a kill may have cut short; ids of images that went."""
    try:
        copies_of(ctx).remove(backup)
        images = let_go_of_images(ctx, backup.manifest.images.values())
        finish_removal(ctx.catalogue, backup.id)
    except CosmicError as error:
        warnings.append(f"{backup.id} is not wholly removed: {error}")
        return []
    return images
