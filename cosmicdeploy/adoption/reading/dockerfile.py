"""Read from a Dockerfile what its image says about its containers, without building it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.declared import shown_path
from cosmicdeploy.adoption.reading.expressions import expressions
from cosmicdeploy.adoption.reading.image_facts import ImageFacts
from cosmicdeploy.engine.building.context.files import ContextFile
from cosmicdeploy.engine.building.dockerfile.assigned import assigned
from cosmicdeploy.engine.building.dockerfile.parse import Instruction, json_words
from cosmicdeploy.engine.building.dockerfile.stages import Stage, find_stage, global_args
from cosmicdeploy.engine.building.engine_facts import EngineFacts
from cosmicdeploy.engine.building.files_read import files_read
from cosmicdeploy.engine.building.recipe import Recipe, recipe_of
from cosmicdeploy.engine.building.source import read_source
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.model import Build
from cosmicdeploy.stack.variables.interpolate import interpolate
from cosmicdeploy.text.numbers import port_number

# The Dockerfile is read as BuildKit reads it; no engine is asked.
_ENGINE = EngineFacts("", (1, 44), "linux", "amd64", has_buildkit=True)


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
    global_values = global_args(source.dockerfile, build.args, source.where)
    reader = _Reader(shown_path(source.where, folder), {**global_values, **build.args})
    for stage in chain:
        reader.begin_stage()
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
        """`args` are the build arguments, and the values of those declared before any stage."""
        self._where = where
        self._args = args
        self._declared: dict[str, str] = {}
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

    def begin_stage(self) -> None:
        """Forget the arguments of the stage before; its variables are inherited."""
        self._declared = {}

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
            case "WORKDIR" | "USER":
                self._set_text(instruction)

    def _set_text(self, instruction: Instruction) -> None:
        """Keep the folder or the user; forget the one before if the new one is unknown."""
        key = instruction.keyword
        before = self._texts.pop(key, None)
        text = self._resolved(" ".join(instruction.words()))
        if text is not None and key == "WORKDIR":
            text = str(PurePosixPath(before.value if before else "/", text))
        if text is not None:
            self._texts[key] = self._fact(text, instruction)

    def _assign(self, instruction: Instruction) -> None:
        # The variables of one instruction do not see each other, so all are resolved first.
        pairs = [(n, None if v is None else self._resolved(v)) for n, v in assigned(instruction)]
        for name, value in pairs:
            if instruction.keyword == "ARG":
                given = self._args.get(name, value)
                if given is not None:
                    self._declared[name] = given
            else:
                self._variables[name] = self._fact(value or "", instruction)

    def _expose(self, word: str, instruction: Instruction) -> None:
        port, _, protocol = (self._resolved(word) or "").partition("/")
        first = port_number(port.partition("-")[0])
        if first is not None and protocol in ("", "tcp"):
            self._ports.setdefault(first, self._fact(first, instruction))

    def _check(self, instruction: Instruction) -> None:
        kind, _, command = instruction.arguments.partition(" ")
        if kind.upper() == "NONE":  # an empty check overrides that of the base image
            self._words["HEALTHCHECK"] = self._fact((), instruction)
        else:
            self._words["HEALTHCHECK"] = self._command(command.strip(), instruction)

    def _command(self, text: str, instruction: Instruction) -> Fact[tuple[str, ...]]:
        words = json_words(text)
        return self._fact(("/bin/sh", "-c", text) if words is None else tuple(words), instruction)

    def _fact(self, value: object, instruction: Instruction) -> Fact:  # type: ignore[type-arg]
        return Fact(value=value, evidence=f"{self._where}:{instruction.line}")

    def _resolved(self, text: str) -> str | None:
        """Return a text with its variables resolved; None if one is unknown and has no default."""
        variables = {name: fact.value for name, fact in self._variables.items() if fact.value}
        known = {**self._declared, **variables}  # the builder prefers ENV to ARG
        for each in expressions(text):
            if each.name not in known and "-" not in text[each.start : each.end]:
                return None
        try:
            return interpolate(text, known, self._where)
        except ConfigError:  # a form of BuildKit's own, such as ${NAME#prefix}
            return None
