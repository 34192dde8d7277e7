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
    arguments. Each instruction keeps its line number. Raises `CannotRewrite`.
    """
    lines = text.split("\n")
    variables = _Variables(args)
    for instruction in dockerfile.instructions:
        if instruction.is_trigger:
            continue
        new = _changed(instruction, variables.known, folder)
        variables.follow(instruction)
        if new != instruction.text:
            count = instruction.last_line - instruction.line
            lines[instruction.line - 1 : instruction.last_line] = [new, *[""] * count]
    return "\n".join(lines)


def copying_all(triggers: Iterable[Instruction], args: Mapping[str, str]) -> list[Instruction]:
    """Return those ONBUILD instructions of a base image that may copy the whole context."""
    found = []
    variables = _Variables(args)
    for instruction in triggers:
        variables.follow(instruction)
        with suppress(CannotRewrite):
            if _changed(instruction, variables.known, "x") == instruction.text:
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

    A source may mean it if it has an unknown variable, or a wildcard in the first part of its path.
    Raises `CannotRewrite` for an ADD with an unknown variable.
    """
    if word.startswith("<<") or _ADDRESS.match(word):
        return word
    known = _resolved(unquoted(word), values)
    if known is None:
        if instruction.keyword == "ADD":
            raise CannotRewrite(f"ADD {word}, whose variable has no known value")
        return f"{folder}/{word}"
    if _ADDRESS.match(known):
        return word
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


class _Variables:
    """The variables of a Dockerfile whose value is certain after an instruction.

    The values that the base image sets are unknown, and so is every value that depends on an
    unknown value.
    """

    def __init__(self, args: Mapping[str, str]) -> None:
        self.known: dict[str, str] = {}
        self._args = args
        self._global: dict[str, str] = {}
        self._has_stage = False
        self._set_by_env: set[str] = set()

    def follow(self, instruction: Instruction) -> None:
        """Take an instruction's variables into account.

        A `FROM` ends the variables of the stage before it.
        """
        if instruction.keyword == "FROM":
            if not self._has_stage:
                self._global, self._has_stage = self.known, True
            self.known, self._set_by_env = {}, set()
        elif instruction.keyword in ("ARG", "ENV"):
            # All values of an instruction use the variables as they were before the instruction, so
            # the list is complete before the first variable changes.
            for name, value in list(self._assigned(instruction)):
                self.known.pop(name, None)
                if value is not None:
                    self.known[name] = value

    def _assigned(self, instruction: Instruction) -> Iterator[tuple[str, str | None]]:
        """Yield the variables that an instruction sets; None stands for an unknown value."""
        for word in instruction.words():
            name, is_set, text = word.partition("=")
            value = _resolved(text, self.known) if is_set else None
            if instruction.keyword == "ENV":
                self._set_by_env.add(name)
            elif name in self._set_by_env:
                continue  # the builder prefers ENV to ARG, whichever comes first
            elif name in self._args:
                value = self._args[name]
            elif not is_set:
                value = self._global.get(name)
            yield name, value


def _resolved(text: str, known: Mapping[str, str]) -> str | None:
    """Return a text with its variables resolved; None if its value is not certain."""
    if any(name not in known for name in _VARIABLE.findall(text)):
        return None
    try:
        return interpolate(text, known, "")
    except ConfigError:
        return None
