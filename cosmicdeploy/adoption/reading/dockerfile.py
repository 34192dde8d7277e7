"""Read from a Dockerfile what its image says about its containers, without building it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.declared import shown_path
from cosmicdeploy.adoption.reading.image_facts import ImageFacts
from cosmicdeploy.engine.building.context.files import ContextFile
from cosmicdeploy.engine.building.dockerfile.assigned import assigned
from cosmicdeploy.engine.building.dockerfile.parse import Instruction, json_words
from cosmicdeploy.engine.building.dockerfile.stages import Stage, find_stage
from cosmicdeploy.engine.building.engine_facts import EngineFacts
from cosmicdeploy.engine.building.files_read import files_read
from cosmicdeploy.engine.building.recipe import Recipe, recipe_of
from cosmicdeploy.engine.building.source import read_source
from cosmicdeploy.stack.model import Build

# The Dockerfile is read as BuildKit reads it; no engine is asked.
_ENGINE = EngineFacts("", (1, 44), "linux", "amd64", has_buildkit=True)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})")


@dataclass(frozen=True)
class BuiltImage:
    """What a Dockerfile says: the facts of its image, its base image, and the files it reads."""

    facts: ImageFacts
    base: str
    files: Sequence[ContextFile]


def read_built_image(build: Build, folder: Path) -> BuiltImage:
    """Read the Dockerfile of a build.

    `folder` is the stack's. Raises `ConfigError` if a file is missing or invalid, `Refused` if a
    `FROM` names no image, and `OSError` if the context cannot be listed.
    """
    source = read_source(build)
    recipe = recipe_of(source, _ENGINE, True, lambda _base: ())
    chain = _chain(recipe)
    reader = _Reader(shown_path(source.where, folder), build.args)
    for stage in chain:
        for instruction in stage.instructions:
            if not instruction.is_trigger:
                reader.follow(instruction)
    base = chain[0].parent if chain else ""
    return BuiltImage(reader.facts(base), base, files_read(recipe))


def _chain(recipe: Recipe) -> list[Stage]:
    """Return the target stage and the stages that it starts from, the first one first."""
    stages, chain = recipe.stages, list[Stage]()
    stage = stages[-1] if stages else None
    while stage is not None and stage not in chain:
        chain.insert(0, stage)
        earlier = [each for each in stages if each.index < chain[0].index]
        stage = _stage_named(earlier, stage.parent)
    return chain


def _stage_named(stages: Sequence[Stage], name: str) -> Stage | None:
    if name.isdecimal():  # a number counts all stages, of which some may not be needed
        return next((each for each in stages if each.index == int(name)), None)
    return find_stage(stages, name)


class _Reader:
    """Follows the instructions of an image, the later of which override the earlier ones."""

    def __init__(self, where: str, args: Mapping[str, str]) -> None:
        self._where = where
        self._args = args
        self._values: dict[str, str] = {}
        self._ports: dict[int, Fact[int]] = {}
        self._words: dict[str, Fact[tuple[str, ...]]] = {}
        self._texts: dict[str, Fact[str]] = {}
        self._variables: dict[str, Fact[str]] = {}

    def facts(self, base: str) -> ImageFacts:
        return ImageFacts(
            ports=tuple(self._ports.values()),
            entrypoint=self._words.get("ENTRYPOINT"),
            command=self._words.get("CMD"),
            healthcheck=self._words.get("HEALTHCHECK"),
            working_directory=self._texts.get("WORKDIR"),
            user=self._texts.get("USER"),
            variables=self._variables,
            names=(base,) if base else (),
            is_complete=base == "scratch",
        )

    def follow(self, instruction: Instruction) -> None:
        match instruction.keyword:
            case "ARG" | "ENV":
                self._assign(instruction)
            case "EXPOSE":
                for word in instruction.words():
                    self._expose(word, instruction)
            case "ENTRYPOINT":
                self._words.pop("CMD", None)
                self._words["ENTRYPOINT"] = self._command(instruction.arguments, instruction)
            case "CMD":
                self._words["CMD"] = self._command(instruction.arguments, instruction)
            case "HEALTHCHECK":
                self._check(instruction)
            case "WORKDIR":
                parent = self._texts["WORKDIR"].value if "WORKDIR" in self._texts else "/"
                path = PurePosixPath(parent, self._resolved(" ".join(instruction.words())))
                self._texts["WORKDIR"] = self._fact(str(path), instruction)
            case "USER":
                user = self._resolved(" ".join(instruction.words()))
                self._texts["USER"] = self._fact(user, instruction)

    def _assign(self, instruction: Instruction) -> None:
        is_env = instruction.keyword == "ENV"
        for name, value in assigned(instruction):
            given = None if is_env else self._args.get(name)
            self._values[name] = self._resolved(value) if given is None else given
            if is_env:
                self._variables[name] = self._fact(value, instruction)

    def _expose(self, word: str, instruction: Instruction) -> None:
        port, _, protocol = self._resolved(word).partition("/")
        first = port.partition("-")[0]
        if first.isdecimal() and protocol in ("", "tcp") and 0 < int(first) < 1 << 16:
            self._ports.setdefault(int(first), self._fact(int(first), instruction))

    def _check(self, instruction: Instruction) -> None:
        kind, _, command = instruction.arguments.partition(" ")
        if kind.upper() == "NONE":
            self._words.pop("HEALTHCHECK", None)
        else:
            self._words["HEALTHCHECK"] = self._command(command.strip(), instruction)

    def _command(self, text: str, instruction: Instruction) -> Fact[tuple[str, ...]]:
        words = json_words(text)
        return self._fact(("/bin/sh", "-c", text) if words is None else tuple(words), instruction)

    def _fact(self, value: object, instruction: Instruction) -> Fact:  # type: ignore[type-arg]
        return Fact(value=value, seen=f"{self._where}:{instruction.line}")

    def _resolved(self, text: str) -> str:
        """Return a text with the known variables resolved; unknown ones become empty."""
        return _VARIABLE.sub(
            lambda match: self._values.get(match[1] or match[2]) or match[3] or "", text
        )
