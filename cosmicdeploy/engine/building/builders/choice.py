"""Select the builder of an image."""

from __future__ import annotations

from docker import APIClient

from cosmicdeploy.engine.building.builders.buildkit import BuildKitBuilder
from cosmicdeploy.engine.building.builders.buildx import BuildxBuilder
from cosmicdeploy.engine.building.builders.classic import ClassicBuilder
from cosmicdeploy.engine.building.builders.protocol import Builder
from cosmicdeploy.engine.building.builders.session import needs_session
from cosmicdeploy.engine.building.recipe import Recipe


def builder_for(api: APIClient, recipe: Recipe) -> Builder:
    """Return BuildKit, through buildx where it needs a client; else the classic builder."""
    if not recipe.uses_buildkit:
        return ClassicBuilder(api)
    reasons = needs_session(recipe)
    return BuildxBuilder(reasons) if reasons else BuildKitBuilder(api)
