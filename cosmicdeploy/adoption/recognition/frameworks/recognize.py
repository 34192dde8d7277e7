"""Recognize the framework that runs the application's migrations, its program and its service.

What identifies each framework is in its own file, in `migrations/frameworks`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cosmicdeploy.adoption.facts import Fact, Mark
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.recognition.frameworks.migrations import start_texts
from cosmicdeploy.adoption.recognition.frameworks.undescribed import UNDESCRIBED
from cosmicdeploy.migrations.frameworks.suggestion import (
    Evidence,
    Suggestion,
    evidence_in,
    suggestions,
)

# One to three plain words before a command of Artisan, such as `php artisan`. No option is among
# them, since the word behind it may be a secret.
_AS_ARTISAN = re.compile(r"((?:[\w./][\w./-]* ){1,3})(?:schedule|queue):work\b")


@dataclass(frozen=True, kw_only=True)
class RecognizedFramework:
    """The framework of an application, by its name.

    `is_described`: cosmicdeploy has a file for it, so a deploy can run its migrations. `program` is
    what the framework's commands begin with; None for the program that its file names. `service` is
    a one-shot service that runs the migrations; None without one.
    """

    name: str
    is_described: bool = True
    program: Fact[list[str]] | None = None
    service: Fact[str] | None = None


def framework_of(
    survey: Survey, services: Sequence[str], migrating: Sequence[str]
) -> Fact[RecognizedFramework] | None:
    """Return the framework of an application; None if none is recognized.

    `services` are those on the application's image, and `migrating` the one-shot services that
    migrate for it. A file or a command of any of them counts, but what migrates counts most.
    """
    files = {f.name: f.shown for n in (*services, *migrating) for f in survey.sources[n].own()}
    running = _commands(survey, migrating) | _images(survey, migrating)
    commands = running | _commands(survey, services)
    places = files | commands
    found = suggestions(files, commands)
    first = next(iter((*suggestions((), running), *found)), None)
    if first is None:
        return _undescribed(places, files, commands)
    chosen = next(each for each in found if each.framework == first.framework)
    mark: Mark = "guess" if len(found) > 1 else ""
    recognized = RecognizedFramework(
        name=chosen.framework,
        program=_program(chosen, places),
        service=_service(survey, migrating, chosen.framework),
    )
    return Fact(value=recognized, evidence=_shown(chosen.evidence, places), mark=mark)


def console_of_commands(survey: Survey, background: Iterable[str]) -> Fact[list[str]] | None:
    """Return a console that takes Artisan's commands, by the command of a scheduler or worker.

    It is the words before `schedule:work` or `queue:work`, as a guess.
    """
    for name in background:
        command = survey.command(name)
        match = _AS_ARTISAN.match(command.value)
        if match:
            return Fact(value=match[1].split(), evidence=command.evidence, mark="guess")
    return None


def _undescribed(
    places: Mapping[str, str], files: Iterable[str], commands: Iterable[str]
) -> Fact[RecognizedFramework] | None:
    for name, by in UNDESCRIBED.items():
        if evidence := evidence_in(by, [*files], [*commands]):
            recognized = RecognizedFramework(name=name, is_described=False)
            return Fact(value=recognized, evidence=_shown(evidence, places))
    return None


def _program(chosen: Suggestion, places: Mapping[str, str]) -> Fact[list[str]] | None:
    """Return the program; it is a guess if only a file shows it."""
    if chosen.program is None:
        return None
    words, evidence = chosen.program
    mark: Mark = "" if evidence.words else "guess"
    return Fact(value=[*words], evidence=_shown([evidence], places), mark=mark)


def _service(survey: Survey, migrating: Sequence[str], framework: str) -> Fact[str] | None:
    """Return the service that runs the framework, else one that migrates, as a guess."""
    for name in migrating:
        running = _commands(survey, [name]) | _images(survey, [name])
        fitting = [e for e in suggestions((), running) if e.framework == framework]
        if fitting:
            return Fact(value=name, evidence=_shown(fitting[0].evidence, running))
    if not migrating:
        return None
    evidence = f"{survey.command(migrating[0]).evidence}, migrates"
    return Fact(value=migrating[0], evidence=evidence, mark="guess")


def _commands(survey: Survey, services: Iterable[str]) -> dict[str, str]:
    """Return the command lines of the services, and the lines of their scripts, with places."""
    texts = (text for name in services for text in start_texts(survey, name))
    return {line: place for text in texts for line, place in text.lines()}


def _images(survey: Survey, services: Iterable[str]) -> dict[str, str]:
    """Return the names of the services' images, with places: some are made to run a framework."""
    return {
        image: survey.place(name, "image")
        for name in services
        for image in survey.images[name].names
    }


def _shown(evidence: Sequence[Evidence], places: Mapping[str, str]) -> str:
    first = evidence[0]
    return f"{places[first.text]}, `{first.words}`" if first.words else places[first.text]
