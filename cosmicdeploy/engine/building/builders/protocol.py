"""What a builder does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from cosmicdeploy.engine.building.recipe import Recipe

OnLine = Callable[[str], None]


class Builder(Protocol):
    """A way to build an image."""

    @property
    def name(self) -> str:
        """The name, which completes "built with …"."""

    def require_buildable(self, recipe: Recipe) -> None:
        """Raise `Refused` if an image would not be built as written."""

    def build(self, recipe: Recipe, labels: Mapping[str, str], on_line: OnLine) -> str:
        """Build an image without a tag; return its id. `on_line` receives each line of output.

        Raises `FailedBuild` with the builder's reason, and `EngineError`.
        """


class FailedBuild(Exception):
    """The builder gave up; the message is its reason."""
