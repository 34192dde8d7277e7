"""Build images from the sources in the stack's folder."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.errors import ConfigError, CosmicError
from cosmicdeploy.stack.model import Build, Service
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.images.pull import progress_of
from cosmicdeploy.steps.images.tags import image_id, remove_new_images


class BuildStep(Step):
    """Build each image of the application whose sources or base images have changed."""

    kind: ClassVar[str] = "build"
    builds_images: ClassVar[bool] = True

    missing_only: bool = Field(default=False, description="Build only images that do not exist.")

    def check(self, ctx: Context) -> Change | Unchanged:
        stale = [s.image for s in buildable(ctx) if self._is_stale(ctx, s)]
        if not stale:
            return Unchanged(reason=_nothing_to_build(buildable(ctx)))
        before = {tag: image_id(ctx, tag) for tag in stale}
        return Change(
            summary=f"build {', '.join(stale)} as release {ctx.release}",
            before={"tags": before},
        )

    def _is_stale(self, ctx: Context, service: Service) -> bool:
        image = ctx.image_of(service.name)
        if self.missing_only and image is not None:
            return False
        # Computed even if there is no image to compare with: it refuses what cannot be built.
        digest = ctx.engine.context_digest(_build_section(service))
        return image is None or image.labels.get(labels.CONTEXT) != digest

    def apply(self, ctx: Context, change: Change) -> Result:
        built: dict[str, str] = {}
        for service in buildable(ctx):
            if service.image not in change.before["tags"]:
                continue
            build = _build_section(service)
            ctx.engine.pull_bases(build, progress_of(ctx))  # their ids are part of the digest
            digest = {labels.CONTEXT: ctx.engine.context_digest(build)}
            say = partial(_say, ctx)
            built[service.image] = ctx.engine.build(build, service.image, digest, say)
        return {"images": built}

    def verify(self, ctx: Context, change: Change) -> None:
        """Check that each tag names an image with a digest; computing it again proves no more."""
        for tag in change.before["tags"]:
            image = ctx.engine.image(tag)
            if image is None or labels.CONTEXT not in image.labels:
                raise CosmicError("The tag does not name what was built", where=tag)

    def undo(self, ctx: Context, change: Change) -> None:
        remove_new_images(ctx, change.before["tags"])


def _say(ctx: Context, line: str) -> None:
    """Report the output of the build, without the builder's own lines."""
    ctx.safe_point()
    if not line.startswith((" --->", "Removing intermediate", "Successfully")):
        ctx.say(line)


def buildable(ctx: Context) -> list[Service]:
    """Return a service for each image that the stack builds; replicas share one image."""
    services, roles = dict[str, Service](), ctx.settings.services
    for name in (*roles.deployed, *roles.one_shot):
        service = ctx.service(name)
        if service.build is not None:
            known = services.setdefault(service.image, service)
            _require_same(known, service)
    return list(services.values())


def _require_same(known: Service, other: Service) -> None:
    if known.build != other.build:
        raise ConfigError(
            f"{known.name} and {other.name} build the same image {known.image} in different ways",
            where="compose file",
            todo="give them the same build section, or images of their own",
        )


def _build_section(service: Service) -> Build:
    if service.build is None:
        raise ConfigError(f"{service.name} has no build section", where="compose file")
    return service.build


def _nothing_to_build(services: Iterable[Service]) -> str:
    names = [service.image for service in services]
    if not names:
        return "no service has a build section"
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} up to date"
