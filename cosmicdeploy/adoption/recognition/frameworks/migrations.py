"""Recognize what runs the migrations: the start of a container, or a service of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.reading.texts.text_file import SearchedText
from cosmicdeploy.adoption.recognition.roles.background import MIGRATIONS, shown_words
from cosmicdeploy.adoption.recognition.roles.roles import Roles

_SHELL = re.compile(r"#!.{0,100}sh\b")


def migration_at_start(survey: Survey, name: str) -> Fact[str] | None:
    """Return the command that migrates at each start of a service's container; None without one.

    It is in the command line, or in a shell script that this runs. The latter is a guess, since the
    script may do it only under a condition.
    """
    command = survey.command(name)
    line = SearchedText(command.evidence, command.value, is_file=False)
    for text in (line, *_scripts(survey, name, command.value)):
        for pattern in MIGRATIONS:
            for match in text.matches(re.compile(pattern)):
                words = shown_words(match)
                evidence = f"{text.place(match.start())}, `{words}`"
                return Fact(value=words, evidence=evidence, mark="guess" if text.is_file else "")
    return None


def migrating_service(survey: Survey, roles: Roles) -> str:
    """Return the service that migrates and that others wait for, so that a deploy runs it."""
    return next((name for name in roles.one_shot if migration_at_start(survey, name)), "")


def _scripts(survey: Survey, name: str, command: str) -> Iterator[SearchedText]:
    """Yield the shell scripts among the sources that a command line names."""
    for word in command.split():
        file = survey.sources[name].named(PurePosixPath(word).name)
        if file is not None and (file.path.suffix == ".sh" or _SHELL.match(file.text)):
            yield file.searched
