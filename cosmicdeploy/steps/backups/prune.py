"""Remove backups that no rule keeps, with their copies and kept images."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.on_disk.manifest import now
from cosmicdeploy.database.backups.removal import finish_removal, pending_removals, start_removal
from cosmicdeploy.database.backups.retention import Decision, decide
from cosmicdeploy.database.copies.copies import Copies
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.steps.backups.kept_images import last_releases, remove_kept_tags, rollback_backups
from cosmicdeploy.steps.backups.other_server import know_server


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """The result of a prune.

    `backups` are the ids of the backups that were removed completely, newest first. `images` are
    the ids of the images that are no longer kept. `warnings` name the backups that are left for the
    next prune.
    """

    backups: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def copies_of(ctx: Context) -> Copies:
    """Return access to the copies of backups at the destinations in the settings."""
    return Copies(ctx.catalogue, ctx.settings.backup.copies, ctx.loaded.directory)


def prune_plan(ctx: Context) -> list[Decision]:
    """Return for each backup whether it stays, and why; newest first."""
    know_server(ctx)
    backups = ctx.catalogue.list()
    return decide(backups, ctx.settings.backup.keep, _needed(ctx, backups), now())


def half_removed(ctx: Context) -> list[str]:
    """Return the ids of backups whose removal was interrupted or could not be finished."""
    return [backup.id for backup in pending_removals(ctx.catalogue)]


def prune(ctx: Context, agreed: Collection[str] | None = None) -> Pruned:
    """Remove the backups that the plan does not keep, and finish interrupted removals.

    `agreed`, if given, limits the removal to these ids; interrupted removals are finished in any
    case. The caller holds the stack's lock. If a backup cannot be removed, the result has a
    warning, and the next prune tries again.
    """
    unneeded = [
        d.backup
        for d in prune_plan(ctx)
        if not d.keep and (agreed is None or d.backup.id in agreed)
    ]
    warnings: list[str] = []
    for backup in unneeded:
        _start_removal(ctx, backup, warnings)
    finished = {b.id: _finish(ctx, b, warnings) for b in pending_removals(ctx.catalogue)}
    images = {backup_id: ids for backup_id, ids in finished.items() if ids is not None}
    return Pruned(
        backups=tuple(sorted(images, reverse=True)),
        images=tuple(image for ids in images.values() for image in ids),
        warnings=tuple(warnings),
    )


def _needed(ctx: Context, backups: Collection[Backup]) -> dict[str, str]:
    """Return the backups that a rollback or an undo may need, each with the reason."""
    if runs := unfinished(ctx.journal):  # the undo of an unfinished run may need any backup
        return {backup.id: f"`cosmicdeploy {runs[0].command}` is unfinished" for backup in backups}
    return {
        backup_id: f"needed to roll back release {record.get('release') or 'unknown'}"
        for record in last_releases(ctx)
        for backup_id in rollback_backups(record)
    }


def _start_removal(ctx: Context, backup: Backup, warnings: list[str]) -> None:
    """Start to remove a backup; add a warning to `warnings` if that is not possible now."""
    try:
        is_started = start_removal(ctx.catalogue, backup)
    except CosmicError as error:
        warnings.append(str(error))
    else:
        if not is_started:
            warnings.append(f"{backup.id} stays: it is in use, or has just been pinned")


def _finish(ctx: Context, backup: Backup, warnings: list[str]) -> list[str] | None:
    """Finish a removal that was started; return the ids of the images that are no longer kept.

    If the removal fails, adds a warning to `warnings` and returns None.
    """
    try:
        copies_of(ctx).remove(backup)
        images = remove_kept_tags(ctx, backup.manifest.images.values())
        finish_removal(ctx.catalogue, backup.id)
    except CosmicError as error:
        warnings.append(f"{backup.id} is not completely removed: {error}")
        return None
    return images
