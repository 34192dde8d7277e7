"""Find the stages of a Dockerfile, those that a build needs, and the images that they use."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cosmicdeploy.engine.building.dockerfile.parse import Dockerfile, Instruction
from cosmicdeploy.errors import ConfigError, Refused
from cosmicdeploy.stack.variables.interpolate import interpolate


@dataclass
class Stage:
    """A stage of a Dockerfile: a `FROM` and the instructions up to the next `FROM`.

    `index` counts from 0, and `name` is "" without `AS`. `parent` is the image or stage that the
    stage starts from, with arguments resolved. `platform` is that of `FROM --platform=…`; "" if the
    `FROM` declares none, so that the stage is for the platform of the whole build.
    """

    index: int
    name: str
    parent: str
    platform: str = ""
    instructions: list[Instruction] = field(default_factory=list)

    @property
    def sources(self) -> list[str]:
        """The stages and images from which this stage copies or mounts.

        A name that contains a variable is left out.
        """
        named = (name for i in self.instructions if not i.is_trigger for name in sources_of(i))
        return [name for name in named if "$" not in name]


@dataclass(frozen=True)
class BaseImages:
    """The images that stages start from (`parents`), or copy or mount from (`copied`).

    `platforms` are pairs of each image and the platform that its `FROM` declares; "" stands for the
    platform of the whole build.
    """

    parents: list[str]
    copied: list[str]
    platforms: list[tuple[str, str]]

    @property
    def all(self) -> list[str]:
        """All images, each once."""
        return list(dict.fromkeys(self.parents + self.copied))


def read_stages(
    dockerfile: Dockerfile, args: Mapping[str, str], where: str, automatic: Mapping[str, str]
) -> list[Stage]:
    """Return the stages of a Dockerfile.

    `args` are the build arguments, and `automatic` the arguments that the builder sets by itself.
    `where` names the file in errors. Raises `ConfigError` for an invalid variable, and `Refused` if
    a `FROM` names no image.
    """
    known = {**automatic, **global_args(dockerfile, args, where, automatic)}
    stages: list[Stage] = []
    for instruction in dockerfile.instructions:
        if instruction.keyword == "FROM" and not instruction.is_trigger:
            parent = _parent(instruction, known, where)
            declared = instruction.flag("platform") or ""
            platform = interpolate(declared, known, f"{where}:{instruction.line}")
            stages.append(Stage(len(stages), stage_name(instruction), parent, platform))
        if stages:
            stages[-1].instructions.append(instruction)
    return stages


def global_args(
    dockerfile: Dockerfile,
    args: Mapping[str, str],
    where: str,
    automatic: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the arguments that a `FROM` can use: those with a value, declared before any `FROM`.

    The parameters are as in `read_stages`. Raises `ConfigError` for an invalid variable.
    """
    known: dict[str, str] = {}
    for instruction in dockerfile.instructions:
        if instruction.keyword == "FROM":
            break
        for word in instruction.words() if instruction.keyword == "ARG" else []:
            name, is_set, default = word.partition("=")
            if name in args:
                known[name] = args[name]
            elif is_set:
                place = f"{where}:{instruction.line}"
                known[name] = interpolate(default, {**(automatic or {}), **known}, place)
    return known


def stage_name(instruction: Instruction) -> str:
    """Return the name that a `FROM` gives to its stage; "" without `AS`."""
    words = instruction.words()
    return words[2].lower() if len(words) > 2 else ""


def stages_up_to(stages: Sequence[Stage], target: str | None, where: str = "") -> list[Stage]:
    """Return the stages that the classic builder builds: all up to the target, needed or not.

    Raises as `needed_stages` does.
    """
    return list(stages[: _target(stages, target, where).index + 1]) if stages else []


def needed_stages(stages: Sequence[Stage], target: str | None, where: str = "") -> list[Stage]:
    """Return the stages that BuildKit builds: the target, and the stages that the target needs.

    Without `target` the last stage is built. Raises `ConfigError` if the Dockerfile has no stage
    `target`.
    """
    if not stages:
        return []
    needed: dict[int, Stage] = {}
    waiting = [_target(stages, target, where)]
    while waiting:
        stage = waiting.pop()
        if stage.index not in needed:
            needed[stage.index] = stage
            names = (stage.parent, *stage.sources)
            found = (find_stage(stages[: stage.index], name) for name in names)
            waiting += [other for other in found if other is not None]
    return [needed[index] for index in sorted(needed)]


def find_stage(stages: Sequence[Stage], name: str) -> Stage | None:
    """Return the stage with this name or number; None if no stage has it."""
    by_name = [stage for stage in stages if stage.name and stage.name == name.lower()]
    if by_name:
        return by_name[-1]
    is_index = name.isdecimal() and int(name) < len(stages)
    return stages[int(name)] if is_index else None


def base_images(
    stages: Sequence[Stage], every: Sequence[Stage], contexts: Collection[str] = ()
) -> BaseImages:
    """Return the images from which `stages` start, copy or mount.

    `every` are all stages of the Dockerfile, and `contexts` the names of additional build contexts:
    the name of a stage or of a context is not the name of an image.
    """

    def images(stage: Stage, names: Sequence[str]) -> Iterator[str]:
        for name in names:
            is_known = name.lower() == "scratch" or name in contexts
            if name and not is_known and find_stage(every[: stage.index], name) is None:
                yield name

    parents = [(i, stage.platform) for stage in stages for i in images(stage, [stage.parent])]
    copied = [name for stage in stages for name in images(stage, stage.sources)]
    pairs = dict.fromkeys([*parents, *((name, "") for name in copied)])
    return BaseImages([name for name, _ in parents], copied, list(pairs))


def sources_of(instruction: Instruction) -> Iterator[str]:
    """Yield the stages and images that a `COPY --from` or a `RUN --mount=from=…` names."""
    if instruction.keyword == "COPY" and (source := instruction.flag("from")):
        yield source
    for options in mounts(instruction):
        if source := options.get("from"):
            yield source


def mounts(instruction: Instruction) -> Iterator[dict[str, str]]:
    """Yield the options of each `RUN --mount`, such as `{"type": "cache", "target": "/x"}`."""
    if instruction.keyword != "RUN":
        return
    for flag in instruction.flags:
        name, _, value = flag.partition("=")
        if name == "--mount":
            options = (part.partition("=") for part in value.replace('"', "").split(","))
            named = {key.strip().lower(): text for key, _, text in options}
            yield {"type": "bind", **named}


def _target(stages: Sequence[Stage], target: str | None, where: str = "") -> Stage:
    if target is None:
        return stages[-1]
    stage = find_stage(stages, target)
    if stage is None:
        names = ", ".join(each.name for each in stages if each.name) or "none"
        raise ConfigError(
            f"The Dockerfile has no stage {target!r}",
            where=where,
            todo=f"correct build.target in the compose file; the stages are: {names}",
        )
    return stage


def _parent(instruction: Instruction, known: Mapping[str, str], where: str) -> str:
    words = instruction.words()
    place = f"{where}:{instruction.line}"
    name = interpolate(words[0], known, place) if words else ""
    if not name:
        raise Refused(
            "FROM names no image",
            where=place,
            todo="give its argument a default, or a value under build.args in the compose file",
        )
    return name
