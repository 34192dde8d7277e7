"""Explain why a build failed, and what the operator can do."""

from __future__ import annotations

from collections.abc import Sequence

from cosmicdeploy.engine.building.frontend import frontend
from cosmicdeploy.engine.building.recipe import Recipe
from cosmicdeploy.errors import BuildFailed

# The words of engines that cannot pull a frontend: of Engine 20.10, and of engines since 23.
_OF_FRONTEND = ("frontend gateway.v0", "failed to resolve source metadata")


def build_failed(recipe: Recipe, name: str, reason: str, lines: Sequence[str]) -> BuildFailed:
    """Return the error of a failed build.

    `name` is the image that was to be built, `reason` the builder's reason, and `lines` the last
    lines of output.
    """
    parser = frontend(recipe)
    image, line = parser.image, parser.line
    if image and _is_about_frontend(reason, image):
        return BuildFailed(
            f"The image could not be built: {name}: its frontend {image} cannot be pulled:"
            f" {reason}",
            where=f"{recipe.source.where}:{line}" if line else recipe.source.where,
            todo=f"make `docker pull {image}` work, or remove {parser.declared_by}; nothing that"
            " runs was changed",
            details=tuple(lines),
        )
    return BuildFailed(
        f"The image could not be built: {name}: {reason}",
        where=recipe.source.where,
        todo=_todo(reason),
        details=tuple(lines),
    )


def _is_about_frontend(reason: str, image: str) -> bool:
    name = image.partition("@")[0]
    host, _, path = name.partition("/")
    # The reason may contain a URL of the registry, in which host, repository and tag are separated.
    # So only the repository is searched for.
    repository = (path if "." in host or ":" in host else name).partition(":")[0]
    return repository in reason and any(sign in reason for sign in _OF_FRONTEND)


def _todo(reason: str) -> str:
    if "no space left on device" in reason:
        return (
            "free some space where the engine keeps its data (`docker system df` shows the usage);"
            " nothing that runs was changed"
        )
    return "fix the build; nothing that runs was changed"
