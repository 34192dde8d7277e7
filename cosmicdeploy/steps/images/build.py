"""The step `build`: build images from the sources in the stack's folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.releases import releases_of_images
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.images.builds import ImageBuild, image_builds
from cosmicdeploy.steps.images.pull import progress_of
from cosmicdeploy.steps.images.tags import image_id, remove_new_images
from cosmicdeploy.text.formatting import format_releases


class BuildStep(Step):
    """Build each image that is missing, or whose sources, arguments or base images have changed."""

    kind: ClassVar[str] = "build"
    builds_images: ClassVar[bool] = True

    missing_only: bool = Field(default=False, description="Build only images that do not exist.")

    def check(self, ctx: Context) -> Change | Unchanged:
        builds = image_builds(ctx)
        reasons: dict[str, str] = {}
        for each in builds:
            reasons |= each.reasons(ctx, missing_only=self.missing_only)
        if not reasons:
            return Unchanged(reason=_nothing_to_build(builds))
        # The further tags of a build section (`build.tags`) move together with its images.
        stale = [each for each in builds if reasons.keys() & set(each.images)]
        releases = format_releases(releases_of_images(ctx, reasons))
        tags = [*reasons, *(tag for each in stale for tag in each.build.tags)]
        return Change(
            summary=f"build {_explained(reasons)} as release {releases}",
            before={"tags": {tag: image_id(ctx, tag) for tag in tags}},
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        built: dict[str, str] = {}
        for each in image_builds(ctx):
            images = [image for image in each.images if image in change.before["tags"]]
            if not images:
                continue
            # The ids of the base images are part of the digest.
            ctx.engine.pull_bases(each.build, progress_of(ctx))
            digest = ctx.engine.context_digest(each.build)
            made = each.existing(ctx, digest) or ctx.engine.build(
                each.build, images[0], {labels.CONTEXT: digest}, partial(_say, ctx)
            )
            for tag in (*images, *each.build.tags):
                ctx.engine.tag(made, tag)
            built |= dict.fromkeys(images, made)
        return {"images": built}

    def verify(self, ctx: Context, change: Change) -> None:
        """Check by their labels that the tags name images that cosmicdeploy built.

        To compute the digest in the label again would prove no more.
        """
        for tag in change.before["tags"]:
            image = ctx.engine.image(tag)
            if image is None or labels.CONTEXT not in image.labels:
                raise CosmicError("The tag does not name what was built", where=tag)

    def undo(self, ctx: Context, change: Change) -> None:
        remove_new_images(ctx, change.before["tags"])


def _say(ctx: Context, line: str) -> None:
    ctx.safe_point()
    ctx.say(line)


def _explained(reasons: Mapping[str, str]) -> str:
    """Return the images with the reason for each; a common reason once."""
    by_reason: dict[str, list[str]] = {}
    for image, reason in reasons.items():
        by_reason.setdefault(reason, []).append(image)
    return ", ".join(f"{', '.join(images)} ({why})" for why, images in by_reason.items())


def _nothing_to_build(builds: Iterable[ImageBuild]) -> str:
    images = [image for each in builds for image in each.images]
    if not images:
        return "no service has a build section"
    return f"{', '.join(images)} {'is' if len(images) == 1 else 'are'} up to date"
