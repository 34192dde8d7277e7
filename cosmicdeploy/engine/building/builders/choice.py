"""Select the builder for an image, and check that it would build the image as written."""

from __future__ import annotations

from docker import APIClient

from cosmicdeploy.engine.building.builders.buildkit import BuildKitBuilder
from cosmicdeploy.engine.building.builders.buildx.buildx import BuildxBuilder
from cosmicdeploy.engine.building.builders.classic import ClassicBuilder
from cosmicdeploy.engine.building.builders.limits.session import needs_session
from cosmicdeploy.engine.building.builders.protocol import Builder
from cosmicdeploy.engine.building.recipe import Recipe, read_recipe
from cosmicdeploy.stack.model import Build


def builder_for(api: APIClient, recipe: Recipe) -> Builder:
    """Return the builder for an image.

    That is BuildKit if the engine has it and the operator did not turn it off, else the classic
    builder. If this build needs a session (`limits/session.py`), BuildKit is used through buildx.
    """
    if not recipe.uses_buildkit:
        return ClassicBuilder(api)
    reasons = needs_session(recipe)
    return BuildxBuilder(reasons) if reasons else BuildKitBuilder(api)


def buildable(api: APIClient, build: Build) -> tuple[Recipe, Builder]:
    """Return the recipe of an image, and the builder that builds it.

    Raises `Refused` if the image would not be built as written, `ConfigError` if a file is missing
    or invalid, and what the SDK raises.
    """
    recipe = read_recipe(api, build)
    builder = builder_for(api, recipe)
    builder.require_buildable(recipe)
    return recipe, builder
