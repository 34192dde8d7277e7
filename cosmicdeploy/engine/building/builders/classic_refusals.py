"""Refuse a Dockerfile that the engine's classic builder would not build as written.

The Docker SDK has no other builder. Since Engine 23 the classic builder accepts BuildKit's syntax,
but ignores here-documents and unknown flags, and may still report success.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.engine.building.base_images import global_args, stage_name
from cosmicdeploy.engine.building.dockerfile import Dockerfile, Instruction, parse_dockerfile
from cosmicdeploy.errors import Refused
from cosmicdeploy.stack.model import Build

# The supported flags. Any other is ignored or refused, depending on the engine's version.
_FLAGS = {"FROM": {"platform"}, "RUN": set[str](), "COPY": {"from", "chown"}, "ADD": {"chown"}}
_INSTEAD = {
    "checksum": "compare the checksum in a RUN",
    "chmod": "change the mode in a RUN afterwards",
    "exclude": "list it in .dockerignore",
    "keep-git-dir": "clone in a RUN",
    "link": "remove --link: the image is the same without it",
    "mount": "remove --mount, and COPY the files that the command needs",
    "parents": "COPY each folder separately",
    "unpack": "ADD unpacks a local archive by itself; unpack a download in a RUN",
}
# Arguments that BuildKit sets by itself.
_PLATFORM = ("PLATFORM", "OS", "ARCH", "VARIANT")
_BUILDKIT_SETS = {f"{side}{part}" for side in ("TARGET", "BUILD") for part in _PLATFORM}
_BUILDKIT_SETS |= {"TARGETSTAGE"}
_REFERENCE = re.compile(r"\$\{?(\w+)")
_GIT_REPOSITORY = re.compile(r"(?:https?|git|ssh)://\S+\.git(?:#\S*)?|git://\S+|ssh://\S+|git@\S+")
_BUILDKIT_ARGUMENT = re.compile(r"BUILDKIT_\w+|SOURCE_DATE_EPOCH")


@dataclass(frozen=True)
class _Problem:
    what: str
    where: str
    todo: str


def refuse_for_classic_builder(build: Build, dockerfile: Dockerfile) -> None:
    """Raise `Refused` if the builder would not build the Dockerfile as written.

    The error names the first problem; its details name the others.
    """
    _refuse(list(_problems(build, dockerfile, str(build.context / build.dockerfile))))


def refuse_triggers(build: Build, base: str, triggers: Sequence[str]) -> None:
    """Raise `Refused` if the builder would not follow a base image's ONBUILD instructions."""
    instructions = parse_dockerfile("\n".join(triggers)).instructions
    todo = f"use another base image than {base}, or build {base} without this instruction"
    _refuse(
        [
            _Problem(what, f"ONBUILD of {base}", todo)
            for instruction in instructions
            for what, _ in (
                *_instruction_problems(instruction),
                *_unset_problems(_needed_from_buildkit(instruction, False) - set(build.args)),
            )
        ]
    )


def _refuse(problems: Sequence[_Problem]) -> None:
    if not problems:
        return
    first, *others = problems
    raise Refused(
        f"Docker's classic builder would not build the Dockerfile as written: {first.what}",
        where=first.where,
        todo=first.todo,
        details=[f"{other.what} ({other.where}) → {other.todo}" for other in others],
    )


def _problems(build: Build, dockerfile: Dockerfile, file: str) -> Iterator[_Problem]:
    yield from _ignore_file_problems(Path(f"{file}.dockerignore"))
    for name, (line, _) in dockerfile.directives.items():
        if name != "escape":
            todo = "remove the line; everything else that needs BuildKit is listed with it"
            yield _Problem(f"'# {name}=' is ignored", f"{file}:{line}", todo)
    for name in filter(_BUILDKIT_ARGUMENT.fullmatch, build.args):
        todo = f"remove {name} from build.args in the compose file"
        yield _Problem(f"the build argument {name} is ignored", file, todo)
    global_names = set(global_args(dockerfile, build.args, file))
    is_global = True
    for instruction in _instructions_up_to(dockerfile, build.target):
        is_global = is_global and instruction.keyword != "FROM"
        known = global_names | (set(build.args) if instruction.keyword == "ARG" else set())
        unset = _needed_from_buildkit(instruction, is_global) - known
        for what, todo in (*_instruction_problems(instruction), *_unset_problems(unset)):
            yield _Problem(what, f"{file}:{instruction.line}", todo)


def _ignore_file_problems(path: Path) -> Iterator[_Problem]:
    if path.exists():
        what = f"{path.name} is ignored; the builder reads .dockerignore instead"
        todo = "move its lines to .dockerignore in the build context, and remove the file"
        yield _Problem(what, str(path), todo)


def _instructions_up_to(dockerfile: Dockerfile, target: str | None) -> Iterator[Instruction]:
    """Yield the instructions that the builder runs: all stages up to the target, used or not."""
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
    if keyword == "ADD" and any(map(_GIT_REPOSITORY.fullmatch, instruction.words()[:-1])):
        yield "ADD of a Git repository fetches a web page instead", "clone it in a RUN"


def _unset_problems(names: set[str]) -> Iterator[tuple[str, str]]:
    for name in sorted(names):
        yield (
            f"{name} is empty: only BuildKit sets it",
            f"declare ARG {name} with a value, or give it under build.args",
        )


def _needed_from_buildkit(instruction: Instruction, is_global: bool) -> set[str]:
    """Return the arguments that an instruction uses and only BuildKit sets.

    Within a stage only an `ARG` counts: without one they are empty there even with BuildKit.
    `is_global` says that the instruction stands before the first `FROM`.
    """
    is_arg = instruction.keyword == "ARG"
    declared = set(instruction.words()) if is_arg else set()
    uses_globals = instruction.keyword == "FROM" or (is_global and is_arg)
    text = " ".join((*instruction.flags, instruction.arguments)) if uses_globals else ""
    return _BUILDKIT_SETS & (declared | set(_REFERENCE.findall(text)))
