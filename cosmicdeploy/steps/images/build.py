"""The step `build`: build images from the sources in the stack's folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import releases_of_images
from cosmicdeploy.engine import labels
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.images.adoption import ADOPTED, adopt, known_digest
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
            if images := [image for image in each.images if image in change.before["tags"]]:
                built |= _put_in_place(ctx, each, images)
        adopted = {id_: d for id_, d in ctx.lookup_cache.adopted.items() if id_ in built.values()}
        return {"images": built, **({ADOPTED: adopted} if adopted else {})}

    def verify(self, ctx: Context, change: Change) -> None:
        """Check that each tag names an image that cosmicdeploy built, or kept (see `adopt`).

        The digest of the sources is not computed again, since that would prove no more.
        """
        for tag in change.before["tags"]:
            image = ctx.engine.image(tag)
            if image is None or not known_digest(ctx, image):
                raise CosmicError("The tag does not name what was built", where=tag)

    def undo(self, ctx: Context, change: Change) -> None:
        remove_new_images(ctx, change.before["tags"])


def _put_in_place(ctx: Context, each: ImageBuild, images: Sequence[str]) -> dict[str, str]:
    """Build a section's `images`, given by name; return the image id for each name.

    An image that another tool built stays if the build gives the same image (see `adopt`).
    """
    # The ids of the base images are part of the digest.
    ctx.engine.pull_bases(each.build, progress_of(ctx))
    digest, say = ctx.engine.context_digest(each.build), partial(_say, ctx)
    kept = {
        name: str(image_id(ctx, name))
        for name in images
        if adopt(ctx, each.build, name, digest, say)
    }
    rest = [name for name in images if name not in kept]
    built = each.existing(ctx, digest) or ctx.engine.build(
        each.build, images[0], {labels.CONTEXT: digest}, say
    )
    for tag in (*rest, *each.build.tags):
        ctx.engine.tag(built, tag)
    return {**kept, **dict.fromkeys(rest, built)}


def _say(ctx: Context, line: str) -> None:
    """Show a line of a build's output; each line is a safe point."""
    ctx.safe_point()
    ctx.say(line)


def _explained(reasons: Mapping[str, str]) -> str:
    """Return the images as one line of text, grouped by the reason to build them."""
    by_reason: dict[str, list[str]] = {}
    for image, reason in reasons.items():
        by_reason.setdefault(reason, []).append(image)
    return ", ".join(f"{', '.join(images)} ({why})" for why, images in by_reason.items())


def _nothing_to_build(builds: Iterable[ImageBuild]) -> str:
    images = [image for each in builds for image in each.images]
    if not images:
        return "no service has a build section"
    return f"{', '.join(images)} {'is' if len(images) == 1 else 'are'} up to date"
