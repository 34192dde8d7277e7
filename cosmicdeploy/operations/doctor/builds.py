"""The images that the services run, and how the compose file builds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.stack.model import Build


def declared_images(ctx: Context) -> Sequence[str]:
    """Return the names of the images that the services run, each once."""
    return list(dict.fromkeys(ctx.service(name).image for name in _services(ctx)))


def declared_builds(ctx: Context) -> Mapping[str, Sequence[Build]]:
    """Return the builds of the services by the names of their images, equal builds once."""
    builds: dict[str, list[Build]] = {}
    for name in _services(ctx):
        service = ctx.service(name)
        if service.build is None:
            continue
        of_image = builds.setdefault(service.image, [])
        if service.build not in of_image:
            of_image.append(service.build)
    return builds


def _services(ctx: Context) -> Sequence[str]:
    return (*ctx.settings.services.all, *ctx.settings.services.one_shot)
