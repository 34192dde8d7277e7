"""Rewrite instructions that copy the whole build context, so that they copy one folder instead.

BuildKit takes the Dockerfile from the archive that contains the context. A Dockerfile that is not
part of the context is added to the archive, and `COPY . /srv` would copy it into the image. So the
archive contains the context a second time, in a folder, and such instructions copy this folder. All
other instructions stay as they are.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from cosmicdeploy.engine.building.dockerfile.parse import Dockerfile, Instruction, json_words
from cosmicdeploy.engine.building.dockerfile.shell_words import unquoted
from cosmicdeploy.engine.building.dockerfile.stages import mounts
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.variables.interpolate import interpolate

_ADDRESS = re.compile(r"\w+://|git@")
_VARIABLE = re.compile(r"\$\{?(\w+)")
_WILDCARDS = frozenset("*?[\\")


class CannotRewrite(Exception):
    """An instruction may copy the whole context, and cannot be changed to copy the folder.

    The message names the instruction.
    """


def rewritten(text: str, dockerfile: Dockerfile, args: Mapping[str, str], folder: str) -> str:
    """Return the Dockerfile's text such that no instruction copies the whole archive.

    Instructions that copy or mount the whole context use `folder` instead. `args` are the build
    arguments. Lines keep their numbers. Raises `CannotRewrite`.
    """
    lines = text.split("\n")
    values = _values(dockerfile, args)
    for instruction in dockerfile.instructions:
        new = instruction.text if instruction.is_trigger else _changed(instruction, values, folder)
        if new != instruction.text:
            count = instruction.last_line - instruction.line
            lines[instruction.line - 1 : instruction.last_line] = [new, *[""] * count]
    return "\n".join(lines)


def copying_all(triggers: Iterable[Instruction], args: Mapping[str, str]) -> list[Instruction]:
    """Return those ONBUILD instructions of a base image that may copy the whole context."""
    found = []
    for instruction in triggers:
        with suppress(CannotRewrite):
            if _changed(instruction, args, "x") == instruction.text:
                continue
        found.append(instruction)
    return found


def _changed(instruction: Instruction, values: Mapping[str, str], folder: str) -> str:
    """Return the instruction's text, changed only if it copies or mounts the whole context."""
    if instruction.keyword in ("COPY", "ADD") and instruction.flag("from") is None:
        return _changed_copy(instruction, values, folder)
    if any(_mounts_all(options) for options in mounts(instruction)):
        return _changed_run(instruction, folder)
    return instruction.text


def _changed_copy(instruction: Instruction, values: Mapping[str, str], folder: str) -> str:
    listed = json_words(instruction.arguments)
    words = instruction.arguments.split() if listed is None else listed
    new = [_source(instruction, word, values, folder) for word in words[:-1]]
    if new == words[:-1]:
        return instruction.text
    if "parents" in instruction.flag_names():
        raise CannotRewrite(f"{instruction.keyword} --parents of the whole context")
    arguments = " ".join([*new, words[-1]]) if listed is None else json.dumps([*new, words[-1]])
    return instruction.text[: -len(instruction.arguments)] + arguments


def _source(instruction: Instruction, word: str, values: Mapping[str, str], folder: str) -> str:
    """Return a source of a COPY or ADD, moved into `folder` if it may mean the whole context.

    That includes a source with an unknown variable, and one with a wildcard in its first folder.
    Raises `CannotRewrite` for an ADD with an unknown variable.
    """
    if word.startswith("<<") or _ADDRESS.match(word):
        return word
    known = word
    with suppress(ConfigError):
        known = interpolate(unquoted(word), values, "")
    if _ADDRESS.match(known):
        return word
    if any(name not in values for name in _VARIABLE.findall(word)):
        if instruction.keyword == "ADD":
            raise CannotRewrite(f"ADD {word}, whose variable has no known value")
        return f"{folder}/{word}"
    path = posixpath.normpath(f"/{known}")
    if path in ("/", "//"):
        return f"{folder}/"
    has_wildcard = not _WILDCARDS.isdisjoint(path.split("/")[1])
    return f"{folder}{path}" if has_wildcard else word


def _mounts_all(options: Mapping[str, str]) -> bool:
    source = options.get("source", options.get("src", "."))
    return (
        options["type"] == "bind"
        and "from" not in options
        and ("$" in source or posixpath.normpath(f"/{source}") in ("/", "//"))
    )


def _changed_run(instruction: Instruction, folder: str) -> str:
    flags = " ".join(_flags(instruction, folder))
    return f"RUN {flags} {instruction.arguments}"


def _flags(instruction: Instruction, folder: str) -> Iterator[str]:
    for flag in instruction.flags:
        if not flag.startswith("--mount="):
            yield flag
            continue
        (options,) = mounts(Instruction(instruction.line, "RUN", (flag,), ""))
        if not _mounts_all(options):
            yield flag
            continue
        if '"' in flag or " " in flag or "$" in options.get("source", options.get("src", "")):
            raise CannotRewrite(f"RUN {flag}")
        parts = flag.removeprefix("--mount=").split(",")
        kept = [part for part in parts if part.partition("=")[0] not in ("source", "src")]
        yield f"--mount={','.join([*kept, f'source={folder}'])}"


def _values(dockerfile: Dockerfile, args: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that have the same known value wherever the Dockerfile sets them."""
    values: dict[str, str] = {}
    ambiguous: set[str] = set()
    for name, value in _assignments(dockerfile, args):
        with suppress(ConfigError):
            resolved = interpolate(value, values, "")
            if values.setdefault(name, resolved) != resolved:
                ambiguous.add(name)
    return {name: value for name, value in values.items() if name not in ambiguous}


def _assignments(dockerfile: Dockerfile, args: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for instruction in dockerfile.instructions:
        for word in instruction.words() if instruction.keyword in ("ARG", "ENV") else []:
            name, is_set, value = word.partition("=")
            if instruction.keyword == "ARG" and name in args:
                yield name, args[name].replace("$", "$$")
            elif is_set:
                yield name, value
