"""Helpers of the steps that build or pull images, or move tags to other images."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import declared_release
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.engine import labels
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.stack.model import Service


def image_id(ctx: Context, tag: str) -> str | None:
    """Return the id of the image that a tag names; None if it names none."""
    image = ctx.engine.image(tag)
    return image.id if image else None


def restore_tags(ctx: Context, tags: Mapping[str, str | None]) -> None:
    """Let each tag name its former image again; remove a tag that named none."""
    for tag, former in tags.items():
        if former is None:
            ctx.engine.untag(tag)
        else:
            ctx.engine.tag(former, tag)


def remove_new_images(ctx: Context, before: Mapping[str, str | None]) -> None:
    """Let the tags name their former images again (`before`), as `restore_tags` does.

    Then removes the images that the tags named until now, except those in use or with other tags.
    """
    created = {image_id(ctx, tag) for tag in before} - set(before.values()) - {None}
    restore_tags(ctx, before)
    for each in created:
        ctx.engine.remove_unused_image(str(each))


def require_images(ctx: Context, tags: Collection[str]) -> None:
    """Raise `CosmicError` if one of these tags names no image."""
    for tag in tags:
        if ctx.engine.image(tag) is None:
            raise CosmicError("The tag names no image", where=tag)


def how_to_get(service: Service) -> str:
    """Return what an operator does if the image of a service is missing."""
    if service.build is not None:
        return "build it: `cosmicdeploy step build`"
    return "pull it: `cosmicdeploy step pull`"


def release_label(ctx: Context, service: Service) -> dict[str, str]:
    """Return the label with a new container's release; empty if the release is unknown.

    Also empty for a service of no application, and for an image that is built here, which has a
    label of its own. The image's tag is no reliable source for the release: after a rollback, the
    tag names an older image.
    """
    if service.build is not None or service.name not in ctx.settings.services.released:
        return {}
    backup = ctx.run.target_backup
    if backup is None:
        release = declared_release(ctx, service.name)
    else:
        release = _release_in(ctx, backup, service.name)
    return {labels.RELEASE: release} if release else {}


def _release_in(ctx: Context, backup: Backup, name: str) -> str:
    """Return the release of a service that a backup names; "" if it is unknown.

    Backups of earlier versions name only the release of the main application.
    """
    if release := backup.manifest.releases.get(name):
        return release
    if name in ctx.settings.released_by(ctx.settings.main_application):
        return backup.manifest.release or ""
    return ""
