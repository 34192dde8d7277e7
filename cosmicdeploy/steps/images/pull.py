"""The step `pull`: pull the images that no service builds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Image
from cosmicdeploy.errors import PullFailed
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.images.tags import remove_new_images, require_images
from cosmicdeploy.steps.images.wanted import (
    UNKNOWN,
    Wanted,
    goes_back,
    pulled_services,
    wanted_images,
)

REPORT_EVERY_SECONDS = 3.0


class PullStep(Step):
    """Pull the images that are missing, and newer images where `pull_policy` asks for them.

    A rollback pulls the backup's images that are gone, by their digests.
    """

    kind: ClassVar[str] = "pull"
    builds_images: ClassVar[bool] = True

    missing_only: bool = Field(
        default=False, description="Pull nothing for services that have a container."
    )

    def check(self, ctx: Context) -> Change | Unchanged:
        wanted = wanted_images(ctx, missing_only=self.missing_only)
        if not wanted:
            return Unchanged(reason=_nothing(ctx))
        return Change(
            summary="pull " + ", ".join(_described(each) for each in wanted),
            before={"tags": {each.reference: each.before for each in wanted}},
            facts={"registry": {each.reference: each.digest or None for each in wanted}},
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        images: dict[str, Image] = {}
        platforms = {each.image: each.platform for each in pulled_services(ctx)}
        for reference in change.before["tags"]:
            platform = platforms.get(reference)
            images[reference] = ctx.engine.pull(reference, progress_of(ctx), platform)
        _require_backup_images(ctx)
        return {
            "images": {name: image.id for name, image in images.items()},
            "digests": {name: list(image.digests) for name, image in images.items()},
        }

    def verify(self, ctx: Context, change: Change) -> None:
        """Check only that the images exist: the registry's tags may have moved since the pull."""
        require_images(ctx, change.before["tags"])

    def undo(self, ctx: Context, change: Change) -> None:
        remove_new_images(ctx, change.before["tags"])


def progress_of(ctx: Context) -> Callable[[str], None]:
    """Return a callback that shows progress every few seconds.

    Each call is a safe point: it raises if the run has to stop.
    """
    shown = -REPORT_EVERY_SECONDS

    def show(line: str) -> None:
        nonlocal shown
        ctx.safe_point()
        if time.monotonic() - shown >= REPORT_EVERY_SECONDS:
            shown = time.monotonic()
            ctx.say(line)

    return show


def _nothing(ctx: Context) -> str:
    if ctx.run.target_backup is not None:
        return "the images of the backup are here"
    names = sorted({service.image for service in pulled_services(ctx)})
    return f"already here: {', '.join(names)}" if names else "every image is built here"


def _described(wanted: Wanted) -> str:
    digest = wanted.digest.rpartition(":")[2]
    now = f"sha256:{digest[:12]}" if digest else UNKNOWN
    return f"{wanted.reference} ({wanted.why}; {now})"


def _require_backup_images(ctx: Context) -> None:
    """Raise `PullFailed` if a pull by digest did not bring the image that the backup names."""
    backup = ctx.run.target_backup
    if backup is None:
        return
    for service, image_id in backup.manifest.images.items():
        digest = backup.manifest.digests.get(service)
        if digest and goes_back(ctx, service) and ctx.engine.image(image_id) is None:
            raise PullFailed(
                f"The registry's image of {service} is not the one of the backup",
                where=digest,
                todo="choose another backup: `cosmicdeploy backup list`",
                details=(f"the backup's image is {image_id}",),
            )
