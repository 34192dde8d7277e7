"""Recipes of images for an engine that is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cosmicdeploy.engine.building.dockerfile.parse import parse_dockerfile
from cosmicdeploy.engine.building.engine_facts import EngineFacts
from cosmicdeploy.engine.building.recipe import Recipe, recipe_of
from cosmicdeploy.engine.building.source import read_source
from cosmicdeploy.stack.model import Build


def engine(version: str = "28.5.2", api: tuple[int, int] = (1, 51)) -> EngineFacts:
    return EngineFacts(version, api, "linux", "amd64", has_buildkit=True)


ENGINE_20 = engine("20.10.24", (1, 41))


def recipe(
    folder: Path,
    text: str,
    facts: EngineFacts | None = None,
    *,
    classic: bool = False,
    triggers: tuple[str, ...] = (),
    **keys: Any,
) -> Recipe:
    """Write a Dockerfile and return its recipe; every base image has these ONBUILD instructions."""
    (folder / "Dockerfile").write_bytes(text.encode())
    source = read_source(Build(context=folder, **keys))
    instructions = parse_dockerfile("\n".join(triggers)).instructions
    return recipe_of(source, facts or engine(), not classic, lambda _image: instructions)
