"""Find the images that a build uses: those its stages start from, and those it copies from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cosmicdeploy.engine.building.dockerfile import Dockerfile, Instruction
from cosmicdeploy.errors import Refused
from cosmicdeploy.stack.variables.interpolate import interpolate


@dataclass(frozen=True)
class Bases:
    """The images of `FROM` and of `COPY --from`."""

    started: list[str]
    copied: list[str]

    @property
    def all(self) -> list[str]:
        return self.started + self.copied


def base_images(dockerfile: Dockerfile, args: Mapping[str, str], where: str) -> Bases:
    """Return the images that a build uses, with arguments resolved, without its own stages.

    `where` names the file in errors. Raises `ConfigError` for an invalid variable, and `Refused` if
    a `FROM` names no image.
    """
    known = global_args(dockerfile, args, where)
    stages: list[str] = []
    started: list[str] = []
    copied: list[str] = []
    for each in _not_triggers(dockerfile):
        if each.keyword == "FROM":
            name = _started_from(each, known, where)
            if name.lower() not in (*stages, "scratch"):
                started.append(name)
            stages.append(stage_name(each))
        source = each.flag("from") if each.keyword == "COPY" else None
        if source and not _is_stage(source, stages) and "$" not in source:
            copied.append(source)
    return Bases(started, copied)


def _started_from(each: Instruction, known: Mapping[str, str], where: str) -> str:
    words = each.words()
    name = interpolate(words[0], known, f"{where}:{each.line}") if words else ""
    if not name:
        raise Refused(
            "FROM names no image",
            where=f"{where}:{each.line}",
            todo="give its argument a default, or a value under build.args in the compose file",
        )
    return name


def _is_stage(source: str, stages: Sequence[str]) -> bool:
    return source.lower() in stages or (source.isdecimal() and int(source) < len(stages))


def global_args(dockerfile: Dockerfile, args: Mapping[str, str], where: str) -> dict[str, str]:
    """Return the arguments that `FROM` can use: declared before the first `FROM`, with a value."""
    known: dict[str, str] = {}
    for each in _not_triggers(dockerfile):
        if each.keyword == "FROM":
            break
        for word in each.words() if each.keyword == "ARG" else []:
            name, is_set, default = word.partition("=")
            if name in args:
                known[name] = args[name]
            elif is_set:
                known[name] = interpolate(default, known, f"{where}:{each.line}")
    return known


def stage_name(instruction: Instruction) -> str:
    """Return the name that a `FROM` gives to its stage; "" if it gives none."""
    words = instruction.words()
    return words[2].lower() if len(words) > 2 else ""


def _not_triggers(dockerfile: Dockerfile) -> Iterator[Instruction]:
    return (each for each in dockerfile.instructions if not each.is_trigger)
