"""What the operator should know apart from the settings: what is assumed, and what was not read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cosmicdeploy.adoption.facts import Note
from cosmicdeploy.adoption.proposal.application import DEFAULTS, Recognized
from cosmicdeploy.adoption.proposal.services import Chosen
from cosmicdeploy.adoption.reading.compose_files import ChosenFiles
from cosmicdeploy.adoption.reading.declared import one_line
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.recognition.requests.addresses import has_plain_address


def reading_notes(survey: Survey, files: ChosenFiles) -> Iterator[Note]:
    """Yield what was left out: inactive services, other files, the engine, unreadable files."""
    for name in sorted(survey.stack.inactive):
        yield Note(
            kind="no role",
            about=one_line(name),
            what="no command starts it: none of its profiles is active",
            todo="name a profile of it in `profiles` if it belongs to the stack",
        )
    for file in files.unread:
        built = [name for name, each in survey.built_elsewhere.items() if each.file == file]
        shows = f"; of it, only how it builds {one_line(', '.join(built))} was read"
        yield Note(
            kind="not read",
            about=one_line(file.name),
            what=f"another compose file of this folder{shows if built else ''}",
            todo="if the stack runs from it, name it with --file",
        )
    if not survey.engine.is_there:
        yield Note(
            kind="not read",
            about="engine",
            what=f"{survey.engine.problem}; running containers and images were not looked at",
            todo="run the command again on the stack's host to check the guesses",
        )
    yield from survey.notes


def application_notes(
    survey: Survey, chosen: Chosen, recognized: Sequence[Recognized]
) -> Iterator[Note]:
    """Yield what could not be recognized of the applications, the main one first."""
    main = recognized[0]
    for group, own in zip(chosen.groups, recognized, strict=True):
        yield from _without_image(survey, group.first)
        if "release_variable" not in own.keys:
            yield _without_release(survey, group.first, "" if own is main else chosen.main.first)
        is_assumed = own.port is None and own.protocol == "http"
        if is_assumed and (own is main or main.written("port") is None):  # else a guess is written
            key = "app.port" if own is main else "its port in `applications`"
            yield Note(
                kind="not recognized",
                about=group.first,
                what=f"no file names its port: {DEFAULTS['port']} is assumed",
                todo=f"set {key} to the port that it listens on in its container",
            )
    if main.url is None and not _is_reached(survey, chosen, main):
        yield Note(
            kind="not recognized",
            about=chosen.main.first,
            what="no port of the host leads to it, and no file names the address of its clients",
            todo="set probe.url to that address; without it, runs send no requests as clients do",
        )


def _without_image(survey: Survey, name: str) -> Iterator[Note]:
    """Yield a note if neither a Dockerfile nor the engine shows the image of an application."""
    service = survey.services[name]
    if survey.engine.is_there and service.build is None and not survey.images[name].is_complete:
        yield Note(
            kind="not read",
            about=name,
            what=f"its image, since the engine lacks {one_line(service.image)}",
            todo="pull it, and run the command again to check the guesses",
        )


def _without_release(survey: Survey, name: str, main: str) -> Note:
    """Return the note for an application without a release; `main` is the main one, "" for it."""
    named = f"give it the release of {main}, or call it unnamed" if main else "call it unnamed"
    return Note(
        kind="not recognized",
        about=name,
        what=f"no build argument, variable or tag names its release: reports {named}",
        todo="give the build an argument such as APP_VERSION"
        if survey.services[name].build
        else "write a variable into the image's tag, such as ${APP_VERSION}",
    )


def _is_reached(survey: Survey, chosen: Chosen, main: Recognized) -> bool:
    """Return whether the deployer finds the address itself, or none is needed."""
    if main.value("reached_at") is False:
        return True
    if chosen.proxy is not None:
        return has_plain_address(survey, chosen.proxy.value)
    published = {port.target for port in survey.services[chosen.main.first].ports}
    return len(chosen.main.services) == 1 and main.value("port") in published
