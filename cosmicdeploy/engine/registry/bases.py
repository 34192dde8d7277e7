"""Pull the base images of a build before it starts."""

from __future__ import annotations

from collections.abc import Callable

from docker import APIClient

from cosmicdeploy.engine.building.build_context import ABSENT, image_id
from cosmicdeploy.engine.building.recipe import read_recipe
from cosmicdeploy.engine.connection import translated
from cosmicdeploy.engine.registry.pull import pull
from cosmicdeploy.errors import PullFailed
from cosmicdeploy.stack.model import Build


def pull_bases(api: APIClient, build: Build, on_progress: Callable[[str], None]) -> None:
    """Pull the base images that are missing; with `build.pull`, pull all of them.

    Raises `PullFailed`, `ConfigError` if the Dockerfile is missing or invalid, and `Refused` if a
    `FROM` names no image.
    """
    file = str(build.context / build.dockerfile)
    with translated("Looking for base images", file):
        recipe = read_recipe(api, build)
    for base in recipe.bases.all:
        with translated("Inspecting a base image", base):
            is_there = image_id(api, base) != ABSENT
        if is_there and not build.pull:
            continue
        try:
            pull(api, base, on_progress)
        except PullFailed as error:
            raise PullFailed(
                f"The base image of a build cannot be pulled: {error.what}",
                where=file,
                todo=error.todo.replace("`image:`", "the Dockerfile"),
                details=error.details,
            ) from error
