"""Refuse what the engine's classic builder ignores, some of it with exit code 0.

It is the only builder of the Docker SDK. Since Engine 23 it accepts BuildKit's syntax, but ignores
the body of a here-document and flags it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.engine.building.base_images import global_args, stage_name
from cosmicdeploy.engine.building.dockerfile import Dockerfile, Instruction, read_dockerfile
from cosmicdeploy.errors import Refused
from cosmicdeploy.stack.model import Build

# Any other flag of these instructions is ignored or refused, depending on the engine's version.
_FLAGS = {"FROM": {"platform"}, "RUN": set[str](), "COPY": {"from", "chown"}, "ADD": {"chown"}}
_INSTEAD = {
    "checksum": "compare the sum in a RUN",
    "chmod": "change the mode in a RUN after it",
    "exclude": "list it in .dockerignore",
    "keep-git-dir": "clone in a RUN",
    "link": "remove --link: the image holds the same without it",
    "mount": "RUN it without the mount; COPY the files that it needs",
    "parents": "COPY each folder to its own place",
    "unpack": "ADD unpacks a local archive by itself; unpack a download in a RUN",
}
_PLATFORM = ("PLATFORM", "OS", "ARCH", "VARIANT")
_AUTOMATIC = {f"{side}{part}" for side in ("TARGET", "BUILD") for part in _PLATFORM}
_AUTOMATIC |= {"TARGETSTAGE"}
_REFERENCE = re.compile(r"\$\{?(\w+)")
_REPOSITORY = re.compile(r"(?:https?|git|ssh)://\S+\.git(?:#\S*)?|git://\S+|ssh://\S+|git@\S+")
_OF_BUILDKIT = re.compile(r"BUILDKIT_\w+|SOURCE_DATE_EPOCH")


@dataclass(frozen=True)
class _Problem:
    what: str
    where: str
    todo: str


def refuse_for_classic_builder(build: Build, dockerfile: Dockerfile) -> None:
    """Raise `Refused` for the first problem, with the others as its details."""
    _refuse(list(_problems(build, dockerfile, str(build.context / build.dockerfile))))


def refuse_triggers(build: Build, base: str, triggers: Sequence[str]) -> None:
    """Raise `Refused` for problems in a base image's ONBUILD instructions."""
    instructions = read_dockerfile("\n".join(triggers)).instructions
    todo = f"start from another image than {base}, or build that one without it"
    _refuse(
        [
            _Problem(what, f"ONBUILD of {base}", todo)
            for each in instructions
            for what, _ in (
                *_of_instruction(each),
                *_empty(_automatic(each, is_global=False) - set(build.args)),
            )
        ]
    )


def _refuse(problems: Sequence[_Problem]) -> None:
    if not problems:
        return
    first, *others = problems
    raise Refused(
        f"The classic builder would build another image than the Dockerfile says: {first.what}",
        where=first.where,
        todo=first.todo,
        details=[f"{each.what} ({each.where}) → {each.todo}" for each in others],
    )


def _problems(build: Build, dockerfile: Dockerfile, file: str) -> Iterator[_Problem]:
    yield from _ignore_file(Path(f"{file}.dockerignore"))
    for name, (line, _) in dockerfile.directives.items():
        if name != "escape":
            todo = "remove the line; if anything else needs BuildKit, it is named as well"
            yield _Problem(f"'# {name}=' is ignored", f"{file}:{line}", todo)
    for name in filter(_OF_BUILDKIT.fullmatch, build.args):
        todo = f"remove {name} from build.args in the compose file"
        yield _Problem(f"the build argument {name} is ignored", file, todo)
    of_all_stages = set(global_args(dockerfile, build.args, file))
    is_global = True
    for each in _up_to(dockerfile, build.target):
        is_global = is_global and each.keyword != "FROM"
        known = of_all_stages | (set(build.args) if each.keyword == "ARG" else set())
        empty = _automatic(each, is_global) - known
        for what, todo in (*_of_instruction(each), *_empty(empty)):
            yield _Problem(what, f"{file}:{each.line}", todo)


def _ignore_file(path: Path) -> Iterator[_Problem]:
    if path.exists():
        what = f"{path.name} is ignored, and .dockerignore read in its place"
        todo = "move its lines to .dockerignore of the build context, and remove it"
        yield _Problem(what, str(path), todo)


def _up_to(dockerfile: Dockerfile, target: str | None) -> Iterator[Instruction]:
    """Yield the instructions that are built: all stages up to the target, needed or not."""
    index, is_target = -1, False
    for each in dockerfile.instructions:
        if each.keyword == "FROM" and not each.is_trigger:
            if is_target:
                return
            index += 1
            is_target = target is not None and target.lower() in (stage_name(each), str(index))
        yield each


def _of_instruction(each: Instruction) -> Iterator[tuple[str, str]]:
    for name in each.heredocs:
        yield (
            f"the here-document {name} of {each.keyword} is dropped",
            "join the commands by &&, or COPY a file; quote a << that starts no here-document",
        )
    for flag in each.flag_names():
        if each.keyword in _FLAGS and flag not in _FLAGS[each.keyword]:
            todo = _INSTEAD.get(flag, f"write it without --{flag}")
            yield f"{each.keyword} --{flag} is ignored or refused", todo
    if each.keyword == "ADD" and any(map(_REPOSITORY.fullmatch, each.words()[:-1])):
        yield "ADD of a repository fetches a page in its place", "clone it in a RUN"


def _empty(names: set[str]) -> Iterator[tuple[str, str]]:
    for name in sorted(names):
        yield f"{name} is empty", f"declare ARG {name} with a value, or give it under build.args"


def _automatic(each: Instruction, is_global: bool) -> set[str]:
    """Return the arguments that only BuildKit sets and that an instruction uses without a default.

    Within a stage they have a value only if an `ARG` declares them, even with BuildKit.
    """
    declared = set(each.words()) if each.keyword == "ARG" else set()
    has_globals = each.keyword == "FROM" or (is_global and each.keyword == "ARG")
    text = " ".join((*each.flags, each.arguments)) if has_globals else ""
    return _AUTOMATIC & (declared | set(_REFERENCE.findall(text)))
