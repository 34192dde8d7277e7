"""Which images the stack builds: services with the same build section share one build."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Image
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.model import Build, Service
from cosmicdeploy.steps.images.adoption import known_digest

ABSENT = "does not exist"
UNKNOWN_SOURCES = "not built by cosmicdeploy: stays if a build gives the same image"
CHANGED = "sources, arguments or base changed"


@dataclass
class ImageBuild:
    """A build section, and the names that the services with this section give to its image."""

    build: Build
    images: list[str] = field(default_factory=list)

    def reasons(self, ctx: Context, *, missing_only: bool) -> dict[str, str]:
        """Return the images that have to be built, each with the reason.

        Raises `Refused` or `ConfigError` if the section cannot be built, even if its images are up
        to date. With `missing_only`, the section is not checked if all images exist.
        """
        existing = {name: ctx.image(name) for name in self.images}
        if missing_only and all(existing.values()):
            return {}
        digest = ctx.engine.context_digest(self.build)
        return {
            name: reason
            for name, image in existing.items()
            if (reason := _reason(ctx, image, digest)) and not (missing_only and image)
        }

    def existing(self, ctx: Context, digest: str) -> str | None:
        """Return the id of an image of this section with this digest; None if there is none."""
        images = map(ctx.engine.image, self.images)
        same = [i.id for i in images if i and known_digest(ctx, i) == digest]
        return same[0] if same else None


def image_builds(ctx: Context) -> list[ImageBuild]:
    """Return the builds for all services whose container the run may replace or create.

    Raises `ConfigError` if these services build one image in different ways.
    """
    builds: list[ImageBuild] = []
    makers: dict[str, Service] = {}
    roles = ctx.settings.services
    for name in dict.fromkeys((*roles.all, *roles.one_shot)):
        service = ctx.service(name)
        build = _section(service)
        if build is None or not _may_build(ctx, service):
            continue
        maker = makers.setdefault(service.image, service)
        if _section(maker) != build:
            raise _different_ways(maker, service)
        if maker is service:
            _build_of(builds, build).images.append(service.image)
    return builds


def stale_sources(ctx: Context, service: Service) -> str:
    """Return why a service's image is not what its build section builds now; "" if it is.

    Returns "" also without a build section, and for an image that does not exist.
    """
    build, image = _section(service), ctx.image(service.image)
    if build is None or image is None:
        return ""
    return _reason(ctx, image, ctx.engine.context_digest(build))


def _may_build(ctx: Context, service: Service) -> bool:
    """Return whether the run may build the service's image.

    For infrastructure that the run does not include, true only if the service has neither an image
    nor a container.
    """
    if ctx.may_replace(service.name):
        return True
    return ctx.image(service.image) is None and ctx.container(service.name) is None


def _section(service: Service) -> Build | None:
    """Return a service's build section, for the service's own `platform`, as in Compose.

    Raises `ConfigError` if the section is not built for that platform.
    """
    build, platform = service.build, service.platform
    if build is None or platform is None:
        return build
    if build.platforms and platform not in build.platforms:
        raise ConfigError(
            f"{service.name} has the platform {platform}, but is not built for it",
            where="compose file",
            todo=f"add {platform} to build.platforms of {service.name}",
        )
    return replace(build, platforms=(platform,))


def _build_of(builds: list[ImageBuild], build: Build) -> ImageBuild:
    """Return the item of `builds` for this section; append one if there is none."""
    for known in builds:
        if known.build == build:
            return known
    builds.append(ImageBuild(build))
    return builds[-1]


def _different_ways(one: Service, other: Service) -> ConfigError:
    return ConfigError(
        f"{one.name} and {other.name} build the same image {one.image} in different ways",
        where="compose file",
        todo="give them the same build section, or images of their own",
    )


def _reason(ctx: Context, image: Image | None, digest: str) -> str:
    """Return why an image has to be built; "" if it was built from sources with this digest."""
    if image is None:
        return ABSENT
    known = known_digest(ctx, image)
    if known is None:
        return UNKNOWN_SOURCES
    return CHANGED if known != digest else ""
