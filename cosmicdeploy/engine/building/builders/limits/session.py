"""Find the parts of a build that need a session, and therefore buildx.

A session is a connection on which BuildKit asks its client for secrets, ssh keys, additional
contexts and the like during a build. The deployer itself cannot answer such requests, but buildx
can.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cosmicdeploy.engine.building.context.packing import pack
from cosmicdeploy.engine.building.dockerfile.rewrite import CannotRewrite
from cosmicdeploy.engine.building.dockerfile.stages import mounts
from cosmicdeploy.engine.building.recipe import Recipe

_KEYS = ("additional_contexts", "cache_to", "no_cache_filter", "secrets", "ssh")
_FALSE = (None, "", "false", "False", "0")
# A cache that the engine can read without a session: the name of an image.
_REFERENCE = re.compile(r"[^=,]+")


def needs_session(recipe: Recipe) -> list[str]:
    """Return the parts of a build that need a session, as words for messages."""
    return list(dict.fromkeys(_needs(recipe)))


def _needs(recipe: Recipe) -> Iterator[str]:
    build = recipe.build
    yield from (f"build.{key}" for key in _KEYS if getattr(build, key))
    yield from (f"build.{key}" for key in ("provenance", "sbom") if _is_set(getattr(build, key)))
    if len(build.platforms) > 1 and recipe.engine.platform not in build.platforms:
        yield "build.platforms"
    if not all(map(_REFERENCE.fullmatch, build.cache_from)):
        yield "build.cache_from"
    for instruction, where in recipe.instructions():
        for options in mounts(instruction):
            if options["type"] in ("secret", "ssh"):
                yield f"RUN --mount=type={options['type']} ({where})"
    if not recipe.build.additional_contexts:  # these need a session anyway
        try:
            pack(recipe)
        except CannotRewrite as reason:
            yield f"{reason} (it would copy the Dockerfile, which is not part of the context)"


def _is_set(value: str | None) -> bool:
    return value not in _FALSE
