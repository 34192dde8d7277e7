"""Select the builder for an image."""

from __future__ import annotations

from docker import APIClient

from cosmicdeploy.engine.building.builders.buildkit import BuildKitBuilder
from cosmicdeploy.engine.building.builders.buildx.buildx import BuildxBuilder
from cosmicdeploy.engine.building.builders.classic import ClassicBuilder
from cosmicdeploy.engine.building.builders.limits.session import needs_session
from cosmicdeploy.engine.building.builders.protocol import Builder
from cosmicdeploy.engine.building.recipe import Recipe


def builder_for(api: APIClient, recipe: Recipe) -> Builder:
    """Return the builder for an image.

    That is BuildKit if the engine has it and the operator did not turn it off, else the classic
    builder. BuildKit is used through buildx if it needs to ask a client during this build.
    """
    if not recipe.uses_buildkit:
        return ClassicBuilder(api)
    reasons = needs_session(recipe)
    return BuildxBuilder(reasons) if reasons else BuildKitBuilder(api)
