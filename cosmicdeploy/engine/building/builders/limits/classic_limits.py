"""Find what the engine's classic builder would not build as written.

Since Engine 23 the classic builder accepts BuildKit's syntax. But it ignores here-documents and
unknown flags, and may still report success.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cosmicdeploy.engine.building.builders.limits.buildkit_limits import GIT_REPOSITORY
from cosmicdeploy.engine.building.builders.limits.problems import Problem
from cosmicdeploy.engine.building.dockerfile.parse import Dockerfile, Instruction
from cosmicdeploy.engine.building.dockerfile.stages import global_args, stage_name
from cosmicdeploy.engine.building.recipe import Recipe

# The supported flags. Any other flag is ignored or refused, depending on the engine's version.
_FLAGS = {"FROM": {"platform"}, "RUN": set[str](), "COPY": {"from", "chown"}, "ADD": {"chown"}}
# What to do instead of using a flag.
_INSTEAD = {
    "checksum": "compare the checksum in a RUN",
    "chmod": "change the mode in a RUN afterwards",
    "exclude": "list the excluded files in .dockerignore",
    "keep-git-dir": "clone in a RUN",
    "link": "remove --link: the image is the same without it",
    "mount": "remove --mount, and COPY the files that the command needs",
    "parents": "COPY each folder separately",
    "unpack": "ADD unpacks a local archive by itself; unpack a download in a RUN",
}
# Build arguments that BuildKit sets by itself, such as TARGETARCH.
_PLATFORM = ("PLATFORM", "OS", "ARCH", "VARIANT")
_BUILDKIT_SETS = {f"{side}{part}" for side in ("TARGET", "BUILD") for part in _PLATFORM}
_BUILDKIT_SETS |= {"TARGETSTAGE"}
# Keys of a build section that only BuildKit applies.
_KEYS = (
    "additional_contexts",
    "cache_to",
    "entitlements",
    "no_cache_filter",
    "platforms",
    "privileged",
    "provenance",
    "sbom",
    "secrets",
    "ssh",
)
_USE_BUILDKIT = "build with BuildKit (unset DOCKER_BUILDKIT, or update the engine)"
_REFERENCE = re.compile(r"\$\{?(\w+)")
_BUILDKIT_ARGUMENT = re.compile(r"BUILDKIT_\w+|SOURCE_DATE_EPOCH")


def classic_problems(recipe: Recipe) -> Iterator[Problem]:
    """Yield the keys, instructions and flags that the builder would ignore or refuse."""
    build = recipe.build
    for key in _KEYS:
        value = getattr(build, key)
        # `platforms` changes nothing if it names only the engine's own platform.
        if value and value not in ("false", "False", "0", (recipe.engine.platform,)):
            todo = f"remove build.{key}, or {_USE_BUILDKIT}"
            yield Problem(f"build.{key} is ignored", str(build.context), todo)
    yield from _dockerfile_problems(recipe, recipe.source.where)
    for base, instructions in recipe.triggers.items():
        todo = f"use another base image than {base}, or build {base} without this instruction"
        for instruction in instructions:
            unset = _needed_from_buildkit(instruction, False) - set(build.args)
            for what, _ in (*_instruction_problems(instruction), *_unset_problems(unset)):
                yield Problem(what, f"ONBUILD of {base}", todo)


def _dockerfile_problems(recipe: Recipe, file: str) -> Iterator[Problem]:
    build, dockerfile = recipe.build, recipe.source.dockerfile
    if recipe.source.own_ignore_file:
        yield from _ignore_file_problems(recipe.source.own_ignore_file)
    for name, (line, _) in dockerfile.directives.items():
        if name != "escape":
            todo = "remove the line; other lines that need BuildKit are reported separately"
            yield Problem(f"'# {name}=' is ignored", f"{file}:{line}", todo)
    for name in filter(_BUILDKIT_ARGUMENT.fullmatch, build.args):
        todo = f"remove {name} from build.args in the compose file"
        yield Problem(f"the build argument {name} is ignored", file, todo)
    global_names = set(global_args(dockerfile, build.args, file))
    is_global = True
    for instruction in _instructions_up_to(dockerfile, build.target):
        is_global = is_global and instruction.keyword != "FROM"
        known = global_names | (set(build.args) if instruction.keyword == "ARG" else set())
        unset = _needed_from_buildkit(instruction, is_global) - known
        for what, todo in (*_instruction_problems(instruction), *_unset_problems(unset)):
            yield Problem(what, f"{file}:{instruction.line}", todo)


def _ignore_file_problems(path: Path) -> Iterator[Problem]:
    what = f"{path.name} is ignored; the builder reads .dockerignore instead"
    todo = "move its lines to .dockerignore in the build context, and remove the file"
    yield Problem(what, str(path), todo)


def _instructions_up_to(dockerfile: Dockerfile, target: str | None) -> Iterator[Instruction]:
    """Yield the instructions that the builder runs: those of all stages up to the target."""
    index, is_target = -1, False
    for instruction in dockerfile.instructions:
        if instruction.keyword == "FROM" and not instruction.is_trigger:
            if is_target:
                return
            index += 1
            names = (stage_name(instruction), str(index))
            is_target = target is not None and target.lower() in names
        yield instruction


def _instruction_problems(instruction: Instruction) -> Iterator[tuple[str, str]]:
    keyword = instruction.keyword
    for name in instruction.heredocs:
        yield (
            f"the here-document {name} of {keyword} is ignored",
            "join the commands with &&, or COPY a file; quote a << that starts no here-document",
        )
    for flag in instruction.flag_names():
        if keyword in _FLAGS and flag not in _FLAGS[keyword]:
            todo = _INSTEAD.get(flag, f"write it without --{flag}")
            yield f"{keyword} --{flag} is ignored or refused", todo
    if keyword == "ADD" and any(map(GIT_REPOSITORY.fullmatch, instruction.words()[:-1])):
        yield "ADD of a Git repository fetches a web page instead", "clone it in a RUN"


def _unset_problems(names: set[str]) -> Iterator[tuple[str, str]]:
    for name in sorted(names):
        yield (
            f"{name} is empty: only BuildKit sets it",
            f"declare ARG {name} with a value, or give it under build.args",
        )


def _needed_from_buildkit(instruction: Instruction, is_global: bool) -> set[str]:
    """Return those arguments of an instruction that only BuildKit sets, such as TARGETARCH.

    `is_global` says that the instruction stands before the first `FROM`. Within a stage, only an
    `ARG` that declares such an argument counts: without a declaration, the argument is empty there
    even with BuildKit.
    """
    is_arg = instruction.keyword == "ARG"
    declared = set(instruction.words()) if is_arg else set()
    uses_globals = instruction.keyword == "FROM" or (is_global and is_arg)
    text = " ".join((*instruction.flags, instruction.arguments)) if uses_globals else ""
    return _BUILDKIT_SETS & (declared | set(_REFERENCE.findall(text)))
