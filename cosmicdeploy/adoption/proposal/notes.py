"""What the operator should know besides the settings: what is assumed, and what was not read."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.adoption.facts import Note
from cosmicdeploy.adoption.proposal.application import DEFAULTS, Recognized
from cosmicdeploy.adoption.proposal.services import Chosen
from cosmicdeploy.adoption.reading.compose_files import ChosenFiles
from cosmicdeploy.adoption.reading.declared import one_line
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.recognition.requests.addresses import has_plain_address


def reading_notes(survey: Survey, files: ChosenFiles) -> Iterator[Note]:
    """Yield what was not read: other compose files, the engine, Dockerfiles."""
    for file in files.unread:
        yield Note(
            kind="not read",
            about=one_line(file.name),
            what="another compose file of this folder",
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


def application_notes(survey: Survey, chosen: Chosen, main: Recognized) -> Iterator[Note]:
    """Yield what could not be recognized of the main application."""
    name = chosen.main.first
    if "release_variable" not in main.keys:
        yield Note(
            kind="not recognized",
            about=name,
            what="no build argument, variable or tag names its release: reports call it unnamed",
            todo="give the build an argument such as APP_VERSION"
            if survey.services[name].build
            else "write a variable into the image's tag, such as ${APP_VERSION}",
        )
    speaks_http = "protocol" not in main.keys
    is_presumed = any(each.is_visible and each.kind != "proxy" for each in chosen.main.passes)
    if "port" not in main.keys and speaks_http and not is_presumed:
        yield Note(
            kind="not recognized",
            about=name,
            what=f"no file names its port: {DEFAULTS['port']} is assumed",
            todo="set app.port to the port that it listens on in its container",
        )
    if main.url is None and not _is_reached(survey, chosen, main):
        yield Note(
            kind="not recognized",
            about=name,
            what="no port of the host leads to it, and no file names the address of its clients",
            todo="set probe.url to that address; without it, runs send no requests as clients do",
        )


def _is_reached(survey: Survey, chosen: Chosen, main: Recognized) -> bool:
    """Return whether the deployer finds the address itself, or none is needed."""
    if main.value("reached_at") is False:
        return True
    if chosen.proxy is not None:
        return has_plain_address(survey, chosen.proxy.value)
    published = {port.target for port in survey.services[chosen.main.first].ports}
    return len(chosen.main.services) == 1 and main.value("port") in published
