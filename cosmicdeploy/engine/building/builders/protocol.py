"""The interface of a builder, which builds one image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from cosmicdeploy.engine.building.recipe import Recipe

OnLine = Callable[[str], None]


class Builder(Protocol):
    """A way to build an image: BuildKit inside the engine, buildx, or the classic builder."""

    @property
    def name(self) -> str:
        """The builder's name in the message "building IMAGE with NAME"."""

    def require_buildable(self, recipe: Recipe) -> None:
        """Raise `Refused` if this builder would not build the image as written."""

    def build(self, recipe: Recipe, labels: Mapping[str, str], on_line: OnLine) -> str:
        """Build an image without a tag; return its id. `on_line` receives each line of output.

        Raises `FailedBuild` with the builder's reason, `EngineError` if the engine fails or goes
        away, and what the SDK raises.
        """


class FailedBuild(Exception):
    """The build failed; the message is the builder's reason."""
