"""Find what BuildKit cannot build as written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cosmicdeploy.engine.building.builders.limits.problems import Problem
from cosmicdeploy.engine.building.dockerfile.parse import Instruction
from cosmicdeploy.engine.building.frontend import frontend
from cosmicdeploy.engine.building.recipe import Recipe

# The API versions of Engine 23, whose own frontend is `docker/dockerfile:1.4`, and of Engine 25,
# whose own frontend is `docker/dockerfile:1.6`.
_ENGINE_23 = (1, 42)
_ENGINE_25 = (1, 44)
_NETWORKS = (None, "", "default", "host", "none")
# The flags that an engine before 23 does not know.
_NEWER_FLAGS = {"COPY": ("link",), "ADD": ("link",), "RUN": ("network",)}
GIT_REPOSITORY = re.compile(r"(?:https?|git|ssh)://\S+\.git(?:#\S*)?|git://\S+|ssh://\S+|git@\S+")


def buildkit_problems(recipe: Recipe) -> Iterator[Problem]:
    """Yield the parts of a build that would fail, or be silently ignored."""
    yield from _key_problems(recipe)
    if frontend(recipe).image:
        return  # a declared frontend is newer, or itself reports what it does not support
    for what, engine, where in _too_new(recipe):
        yield Problem(
            f"{what} needs Engine {engine}, or a '# syntax=' line (this is Engine"
            f" {recipe.engine.version})",
            where,
            "begin the Dockerfile with '# syntax=docker/dockerfile:1', an image that the engine"
            " then pulls, or do without this feature",
        )


def _key_problems(recipe: Recipe) -> Iterator[Problem]:
    build, where = recipe.build, str(recipe.build.context)
    if build.network not in _NETWORKS:
        yield Problem(
            f"build.network is '{build.network}': BuildKit has only default, host and none",
            where,
            "use host, or publish what the build needs",
        )
    for key in ("privileged", "entitlements"):
        if getattr(build, key):
            yield Problem(f"build.{key} is not applied", where, f"remove build.{key}")
    if recipe.engine.api_version < _ENGINE_23:
        for key in ("shm_size", "ulimits"):
            if getattr(build, key):
                yield Problem(
                    f"build.{key} is ignored by BuildKit before Engine 23",
                    where,
                    f"remove build.{key}, or update the engine",
                )


def _too_new(recipe: Recipe) -> Iterator[tuple[str, int, str]]:
    if recipe.engine.api_version < _ENGINE_23:
        # The frontend parses every stage, needed or not.
        for instruction in recipe.source.dockerfile.instructions:
            for what in _unknown_before_23(instruction):
                yield what, 23, f"{recipe.source.where}:{instruction.line}"
        for base, triggers in recipe.triggers.items():
            for instruction in triggers:
                for what in _unknown_before_23(instruction):
                    yield what, 23, f"ONBUILD of {base}"
    if recipe.engine.api_version < _ENGINE_25:
        for instruction, where in recipe.instructions():
            sources = instruction.words()[:-1] if instruction.keyword == "ADD" else []
            if any(map(GIT_REPOSITORY.fullmatch, sources)):
                yield "ADD of a Git repository", 25, where


def _unknown_before_23(instruction: Instruction) -> Iterator[str]:
    for name in instruction.heredocs:
        yield f"the here-document {name} of {instruction.keyword}"
    for flag in instruction.flag_names():
        if flag in _NEWER_FLAGS.get(instruction.keyword, ()):
            yield f"{instruction.keyword} --{flag}"
