"""Recognize what runs the migrations: the start of a container, or a service of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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
    for text in start_texts(survey, name):
        for pattern in MIGRATIONS:
            for match in text.matches(re.compile(pattern)):
                words = shown_words(match)
                evidence = f"{text.place(match.start())}, `{words}`"
                return Fact(value=words, evidence=evidence, mark="guess" if text.is_file else "")
    return None


def migrating_services(survey: Survey, roles: Roles, services: Iterable[str]) -> list[str]:
    """Return the services that migrate, and for whose end one of `services` waits."""
    awaited = {each for name in services for each in survey.services[name].depends_on}
    names = (name for name in roles.one_shot if name in awaited)
    return [name for name in names if migration_at_start(survey, name)]


def start_texts(survey: Survey, name: str) -> Iterator[SearchedText]:
    """Yield what runs at the start of a service's container: its command, and shell scripts."""
    command = survey.command(name)
    yield SearchedText(command.evidence, command.value, is_file=False)
    yield from _scripts(survey, name, command.value)


def _scripts(survey: Survey, name: str, command: str) -> Iterator[SearchedText]:
    """Yield the shell scripts among the sources that a command line names."""
    for word in command.split():
        file = survey.sources[name].named(PurePosixPath(word).name)
        if file is not None and (file.path.suffix == ".sh" or _SHELL.match(file.text)):
            yield file.searched
