"""The step `images`: point the image tags at a backup's images again."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.younger_services import declared
from cosmicdeploy.errors import Refused
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.images.tags import restore_tags
from cosmicdeploy.steps.schema.compatible import target_of


class ImagesStep(Step):
    """Point the image tags at a backup's images again.

    After that, neither this run nor a later `docker compose up` starts the newer release again.
    """

    kind: ClassVar[str] = "images"
    needs_target_backup: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        target, before = _images_by_tag(ctx), {}
        for tag, image_id in target.items():
            current = ctx.engine.image(tag)
            if current is None or current.id != image_id:
                before[tag] = current.id if current else None
        if not before:
            return Unchanged(reason="the tags name the images of the backup")
        moves = ", ".join(f"{tag} → {target[tag][:19]}" for tag in before)
        return Change(
            summary=f"point tags at the images of the backup: {moves}", before={"tags": before}
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        target = _images_by_tag(ctx)
        for tag in change.before["tags"]:
            ctx.engine.tag(target[tag], tag)
        _warn_of_borrowed(ctx, change.before["tags"])
        return {"images": target, "moved": list(change.before["tags"])}

    def undo(self, ctx: Context, change: Change) -> None:
        restore_tags(ctx, change.before["tags"])


def _warn_of_borrowed(ctx: Context, moved: Collection[str]) -> None:
    """Warn which registry tags name an older image on this engine from now on."""
    built = {each.image for each in ctx.stack.services.values() if each.build is not None}
    names = ", ".join(sorted(set(moved) - built))
    if names:
        release = target_of(ctx).manifest.release_text or "of the backup"
        ctx.warn(
            f"on this engine, {names} names the image of release {release} from now on: put that"
            f" release into {ctx.stack.env_file.name}; until then, a deploy pulls the tag again"
        )


def _images_by_tag(ctx: Context) -> dict[str, str]:
    """Return the image ids in the backup's manifest, by the tag of their service.

    Leaves out infrastructure, which manifests of earlier versions also have, unless the run
    includes it. Raises `Refused` if one of the images no longer exists and no step pulls it first.
    """
    images, manifest = {}, target_of(ctx).manifest
    services = declared(ctx, manifest.images)
    for service, image_id in manifest.images.items():
        if service not in services or not ctx.may_replace(services[service].name):
            continue
        is_pulled_first = ctx.run.steps_ahead.build_images and service in manifest.digests
        if ctx.engine.image(image_id) is None and not is_pulled_first:
            raise Refused(
                f"The image of {service} at the time of the backup is gone",
                where=image_id[:19],
                todo="choose another backup: `cosmicdeploy backup list`",
            )
        images[services[service].image] = image_id
        for name in _younger_replicas(ctx, services[service].name, manifest.images):
            images.setdefault(ctx.service(name).image, image_id)
    return images


def _younger_replicas(ctx: Context, name: str, known: Collection[str]) -> list[str]:
    """Return the replicas of the service's application that the backup does not name.

    All replicas of an application have the same image, though perhaps each by a tag of its own.
    """
    application = ctx.settings.application_of(name)
    return [other for other in application.services if other not in known] if application else []
