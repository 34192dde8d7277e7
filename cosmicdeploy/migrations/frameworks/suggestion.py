"""Which framework the files and commands of an application suggest, by the frameworks' files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from cosmicdeploy.migrations.frameworks.definition import Definition, SuggestedBy
from cosmicdeploy.migrations.frameworks.reading import framework, known_frameworks
from cosmicdeploy.migrations.frameworks.words import Words


class Evidence(NamedTuple):
    """A file or a command that suggests a framework.

    `words` is the part of a command that suggests it, and that may be shown; "" for a file.
    """

    text: str
    words: str = ""


class Program(NamedTuple):
    """What a framework's commands begin with, and the command or file that shows it."""

    words: Words
    evidence: Evidence


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A framework that an application may use, and what suggests it.

    `program` is what the framework's commands begin with here; None if nothing shows another
    program than that of the framework's file.
    """

    framework: str
    evidence: tuple[Evidence, ...]
    program: Program | None = None


def suggestions(files: Iterable[str], commands: Iterable[str]) -> list[Suggestion]:
    """Return the frameworks that files and commands suggest, the one with the most evidence first.

    `files` are paths in the application's image, `commands` are command lines in its image or in
    the compose file. Empty if nothing suggests a framework: the settings then name `none`, or the
    operator describes the commands.
    """
    paths, lines = [*files], [*commands]
    found = filter(None, (_suggested(name, paths, lines) for name in known_frameworks()))
    return sorted(found, key=lambda suggestion: -len(suggestion.evidence))


def evidence_in(
    by: SuggestedBy, files: Sequence[str], commands: Sequence[str]
) -> tuple[Evidence, ...]:
    """Return one file for each pattern of files, and one command for each pattern of commands."""
    of_files = [Evidence(file) for each in by.files if (file := _file(each, files))]
    return (*of_files, *_in_commands(by, commands))


def _in_commands(by: SuggestedBy, commands: Sequence[str]) -> Iterator[Evidence]:
    """Yield the first command that each pattern matches; a command counts for one pattern only."""
    known: set[str] = set()
    for pattern in by.commands:
        match = next(filter(None, map(pattern.search, commands)), None)
        if match is not None and match.string not in known:
            known.add(match.string)
            yield Evidence(match.string, " ".join(match[0].split()))


def _suggested(name: str, files: Sequence[str], commands: Sequence[str]) -> Suggestion | None:
    definition = framework(name).definition
    evidence = evidence_in(definition.suggested_by, files, commands)
    if not evidence:
        return None
    by = definition.suggested_by
    program = _program_in(by, commands) or _program_by(by, files)
    if program is not None and _is_same(program.words, definition):
        program = None
    return Suggestion(framework=name, evidence=evidence, program=program)


def _program_in(by: SuggestedBy, commands: Sequence[str]) -> Program | None:
    """Return what the first command that shows the program begins with."""
    for line in commands:
        for pattern in by.programs:
            if match := pattern.search(line):
                words = tuple(match[0].split())
                return Program(words, Evidence(line, " ".join(words)))
    return None


def _program_by(by: SuggestedBy, files: Sequence[str]) -> Program | None:
    for end, words in by.program_by_file.items():
        if file := _file(end, files):
            return Program(words, Evidence(file))
    return None


def _is_same(program: Words, definition: Definition) -> bool:
    """Whether a program is that of the framework's file, apart from `./` and options (of npx)."""
    return _essential(program) == _essential(definition.program)


def _essential(program: Words) -> list[str]:
    return [each.removeprefix("./") for each in program if not each.startswith("-")]


def _file(pattern: str, files: Iterable[str]) -> str:
    """Return the first file whose path matches a pattern from its end; "" if none does."""
    return next((each for each in files if PurePosixPath(each).match(pattern)), "")
