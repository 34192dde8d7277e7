"""Pull the base images of a build before the build starts."""

from __future__ import annotations

from collections.abc import Callable

from docker import APIClient
from docker.errors import ImageNotFound

from cosmicdeploy.engine.building.recipe import read_recipe
from cosmicdeploy.engine.connection import translated
from cosmicdeploy.engine.platforms import is_for, is_same
from cosmicdeploy.engine.registry.pull import pull
from cosmicdeploy.errors import PullFailed
from cosmicdeploy.stack.model import Build


def pull_bases(api: APIClient, build: Build, on_progress: Callable[[str], None]) -> None:
    """Pull the base images that are missing; with `build.pull`, pull all of them.

    If a platform is declared, by `build.platforms` or `FROM --platform=…`, an image for another
    platform counts as missing. Raises `PullFailed`, `ConfigError` if the Dockerfile is missing or
    invalid, `Refused` if a `FROM` names no image, and `EngineError` if the engine fails.
    """
    with translated("Looking for base images", str(build.context)):
        recipe = read_recipe(api, build)
    for base, declared in recipe.bases.platforms:
        platform = declared or recipe.platform
        with translated("Inspecting a base image", base):
            is_there = _has(api, base, platform)
        if is_there and not build.pull:
            continue
        # Engines before 20.10 accept a platform only as an experiment, so the request does not name
        # the engine's own platform, which is the default.
        is_own = platform is None or is_same(platform, recipe.engine.platform)
        try:
            pull(api, base, on_progress, None if is_own else platform)
        except PullFailed as error:
            raise PullFailed(
                f"The base image of a build cannot be pulled: {error.what}",
                where=recipe.source.where,
                # The advice is about an image of the compose file.
                todo=error.todo.replace("`image:`", "the Dockerfile"),
                details=error.details,
            ) from error


def _has(api: APIClient, reference: str, platform: str | None) -> bool:
    """Return whether the engine has an image, and has it for the platform if one is declared."""
    try:
        image = api.inspect_image(reference)
    except ImageNotFound:
        return False
    return platform is None or is_for(image, platform)
