"""Which framework the files and commands of an application suggest, by the frameworks' files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from cosmicdeploy.migrations.frameworks.reading import framework, known_frameworks


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A framework that an application may use, and the files and commands that suggest it."""

    framework: str
    evidence: tuple[str, ...]


def suggestions(files: Iterable[str], commands: Iterable[str]) -> list[Suggestion]:
    """Return the frameworks that these suggest, the one with the most evidence first.

    `files` are paths in the application's image, `commands` are command lines in its image or in
    the compose file. Empty if nothing suggests a framework: the settings then name `none`, or the
    operator describes the commands.
    """
    paths, lines = [*files], [*commands]
    found = [
        Suggestion(framework=name, evidence=evidence)
        for name in known_frameworks()
        if (evidence := _evidence(name, paths, lines))
    ]
    return sorted(found, key=lambda suggestion: -len(suggestion.evidence))


def _evidence(name: str, files: Iterable[str], commands: Iterable[str]) -> tuple[str, ...]:
    """Return one file for each pattern of files, and one command for each pattern of commands."""
    by = framework(name).definition.suggested_by
    of_files = (next((f for f in files if PurePosixPath(f).match(p)), None) for p in by.files)
    of_commands = (next((c for c in commands if p.search(c)), None) for p in by.commands)
    return tuple(dict.fromkeys(each for each in (*of_files, *of_commands) if each is not None))
