"""Find the images that a build uses: those its stages start from, and those it copies from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cosmicdeploy.engine.building.dockerfile import Dockerfile, Instruction
from cosmicdeploy.errors import Refused
from cosmicdeploy.stack.variables.interpolate import interpolate


@dataclass(frozen=True)
class BaseImages:
    """The images that `FROM` names (`parents`), and those that `COPY --from` names (`copied`)."""

    parents: list[str]
    copied: list[str]

    @property
    def all(self) -> list[str]:
        return self.parents + self.copied


def base_images(dockerfile: Dockerfile, args: Mapping[str, str], where: str) -> BaseImages:
    """Return the images that a build uses, without its own stages and with arguments resolved.

    `where` names the file in errors. Raises `ConfigError` for an invalid variable, and `Refused` if
    a `FROM` names no image.
    """
    known = global_args(dockerfile, args, where)
    stages: list[str] = []
    parents: list[str] = []
    copied: list[str] = []
    for instruction in _own_instructions(dockerfile):
        if instruction.keyword == "FROM":
            name = _parent(instruction, known, where)
            if name.lower() not in (*stages, "scratch"):
                parents.append(name)
            stages.append(stage_name(instruction))
        source = instruction.flag("from") if instruction.keyword == "COPY" else None
        if source and not _is_stage(source, stages) and "$" not in source:
            copied.append(source)
    return BaseImages(parents, copied)


def _parent(instruction: Instruction, known: Mapping[str, str], where: str) -> str:
    words = instruction.words()
    name = interpolate(words[0], known, f"{where}:{instruction.line}") if words else ""
    if not name:
        raise Refused(
            "FROM names no image",
            where=f"{where}:{instruction.line}",
            todo="give its argument a default, or a value under build.args in the compose file",
        )
    return name


def _is_stage(source: str, stages: Sequence[str]) -> bool:
    return source.lower() in stages or (source.isdecimal() and int(source) < len(stages))


def global_args(dockerfile: Dockerfile, args: Mapping[str, str], where: str) -> dict[str, str]:
    """Return the arguments that `FROM` can use: declared before the first `FROM`, with a value."""
    known: dict[str, str] = {}
    for instruction in _own_instructions(dockerfile):
        if instruction.keyword == "FROM":
            break
        for word in instruction.words() if instruction.keyword == "ARG" else []:
            name, is_set, default = word.partition("=")
            if name in args:
                known[name] = args[name]
            elif is_set:
                known[name] = interpolate(default, known, f"{where}:{instruction.line}")
    return known


def stage_name(instruction: Instruction) -> str:
    """Return the name that a `FROM` gives to its stage; "" if it gives none."""
    words = instruction.words()
    return words[2].lower() if len(words) > 2 else ""


def _own_instructions(dockerfile: Dockerfile) -> Iterator[Instruction]:
    """Yield the instructions of this build, without those for later builds (ONBUILD)."""
    return (i for i in dockerfile.instructions if not i.is_trigger)
