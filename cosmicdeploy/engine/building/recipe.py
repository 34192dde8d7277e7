"""Collect what decides how an image is built: Dockerfile, context, base images, engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from docker import APIClient
from docker.errors import ImageNotFound

from cosmicdeploy.engine.building.dockerfile.parse import Instruction, parse_dockerfile
from cosmicdeploy.engine.building.dockerfile.stages import (
    BaseImages,
    Stage,
    base_images,
    needed_stages,
    read_stages,
    stages_up_to,
)
from cosmicdeploy.engine.building.engine_facts import EngineFacts, engine_facts, is_buildkit_off
from cosmicdeploy.engine.building.source import BuildSource, read_source
from cosmicdeploy.stack.model import Build


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how an image is built.

    `stages` are the stages of the Dockerfile that are built. `triggers` maps each base image to its
    ONBUILD instructions, which run in the stage that starts from the image.
    """

    source: BuildSource
    engine: EngineFacts
    uses_buildkit: bool
    stages: list[Stage]
    bases: BaseImages
    triggers: Mapping[str, tuple[Instruction, ...]]

    @property
    def build(self) -> Build:
        return self.source.build

    @property
    def platform(self) -> str | None:
        """The declared platform; None if none or several are declared.

        None stands for the engine's own platform.
        """
        return _platform(self.build)

    def instructions(self) -> Iterator[tuple[Instruction, str]]:
        """Yield each instruction that the build runs, with its location for messages."""
        for stage in self.stages:
            for instruction in stage.instructions:
                if not instruction.is_trigger:
                    yield instruction, f"{self.source.where}:{instruction.line}"
        for base, instructions in self.triggers.items():
            for instruction in instructions:
                yield instruction, f"ONBUILD of {base}"


def read_recipe(api: APIClient, build: Build) -> Recipe:
    """Read the Dockerfile and the ONBUILD instructions of its base images.

    Raises `ConfigError` if a file is missing or invalid, `Refused` if a `FROM` names no image, and
    what the SDK raises.
    """
    source, engine = read_source(build), engine_facts(api)
    uses_buildkit = engine.has_buildkit and not is_buildkit_off()
    return recipe_of(source, engine, uses_buildkit, partial(_triggers, api))


def recipe_of(
    source: BuildSource,
    engine: EngineFacts,
    uses_buildkit: bool,
    triggers_of: Callable[[str], tuple[Instruction, ...]],
) -> Recipe:
    """Return the recipe of an image. `triggers_of` returns the ONBUILD instructions of an image.

    BuildKit builds only the stages that the target needs; the classic builder builds every stage up
    to the target. Raises as `read_recipe` does.
    """
    build = source.build
    automatic = engine.platform_args(_platform(build) or engine.platform) if uses_buildkit else {}
    every = read_stages(source.dockerfile, build.args, source.where, automatic)
    reached = (
        needed_stages(every, build.target, source.where)
        if uses_buildkit
        else stages_up_to(every, build.target, source.where)
    )
    bases = base_images(reached, every, build.additional_contexts)
    triggers = {base: triggers_of(base) for base in dict.fromkeys(bases.parents)}
    return Recipe(source, engine, uses_buildkit, reached, bases, triggers)


def _platform(build: Build) -> str | None:
    return build.platforms[0] if len(build.platforms) == 1 else None


def _triggers(api: APIClient, reference: str) -> tuple[Instruction, ...]:
    """Return the ONBUILD instructions of an image; none if the engine does not have the image."""
    try:
        lines = api.inspect_image(reference)["Config"].get("OnBuild") or []
    except ImageNotFound:
        return ()
    return parse_dockerfile("\n".join(lines)).instructions
