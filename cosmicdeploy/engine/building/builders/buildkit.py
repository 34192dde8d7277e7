"""Build with BuildKit inside the engine, by a single request.

This is only possible for a build that needs no session. In a session, BuildKit asks its client for
secrets and the like during the build (`limits/session.py`).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docker import APIClient

from cosmicdeploy.engine.building.builders.limits.buildkit_limits import buildkit_problems
from cosmicdeploy.engine.building.builders.limits.problems import refuse
from cosmicdeploy.engine.building.builders.parameters import build_parameters
from cosmicdeploy.engine.building.builders.post import engine_gone, post_build
from cosmicdeploy.engine.building.builders.protocol import FailedBuild, OnLine
from cosmicdeploy.engine.building.builders.trace import Progress
from cosmicdeploy.engine.building.context.packing import pack
from cosmicdeploy.engine.building.recipe import Recipe

# The ids of the engine's messages with progress, and of the one with the image's id.
_TRACE, _RESULT = "moby.buildkit.trace", "moby.image.id"


@dataclass(frozen=True)
class BuildKitBuilder:
    """`Builder` that uses BuildKit inside the engine: `POST /build?version=2`, since 18.09."""

    api: APIClient
    name: str = "BuildKit"

    def require_buildable(self, recipe: Recipe) -> None:
        refuse("BuildKit would not build the image as written", buildkit_problems(recipe))

    def build(self, recipe: Recipe, labels: Mapping[str, str], on_line: OnLine) -> str:
        packing = pack(recipe)
        parameters = {
            **build_parameters(self.api, recipe, labels),
            "version": "2",
            "dockerfile": packing.dockerfile,
            "platform": recipe.platform,
        }
        if len(recipe.build.platforms) > 1:
            on_line(f"build.platforms names several; only {recipe.engine.platform} is built")
        image_id, progress = "", Progress()
        with post_build(self.api, packing.archive(), parameters) as messages:
            for message in messages:
                for line in _lines(message, progress):
                    on_line(packing.as_written(line))
                if "error" in message:
                    raise FailedBuild(packing.as_written(str(message["error"]).strip()))
                if message.get("id") == _RESULT:
                    image_id = str(message["aux"]["ID"])
        if not image_id:
            raise engine_gone()
        return image_id


def _lines(message: Mapping[str, Any], progress: Progress) -> Iterator[str]:
    if message.get("id") == _TRACE:
        try:
            yield from progress.lines(base64.b64decode(message["aux"]))
        except ValueError as error:
            yield f"(a progress message of the engine cannot be read: {error})"
    elif "error" in message:
        yield from progress.rest()
