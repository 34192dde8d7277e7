"""Find out which health path a running replica answers, by a few GET requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.recognition.release.headers import sounds_like_release
from cosmicdeploy.adoption.recognition.roles.applications import Group
from cosmicdeploy.engine import Container
from cosmicdeploy.engine.containers.reachable import reachable_address
from cosmicdeploy.errors import EngineError
from cosmicdeploy.probes.http import OK, Response, send_request
from cosmicdeploy.probes.preconditions.absent_path import answers_everything

# Paths that many applications answer; tried only if the health path is a guess.
WELL_KNOWN = ("/health", "/healthz", "/up", "/api/health", "/")
MOST_REQUESTS = 6


@dataclass(frozen=True)
class Answers:
    """What an application answers: the path with 200, and the header that carries the release."""

    path: Fact[str]
    header: Fact[str] | None = None


def ask(
    survey: Survey,
    group: Group,
    port: Fact[int] | None,
    declared: Answers,
    others: Sequence[str],
    variable: Fact[str] | None,
) -> Answers:
    """Return the path that a running replica answers with 200, and its release header.

    `declared` is what the files say, `others` are paths to try if its path is a guess, and
    `variable` is the release variable. Without a running replica that answers 200, returns
    `declared`.
    """
    base, container = _base(survey, group, port)
    response = _first_good(base, declared.path, others) if container else None
    if container is None or response is None:
        return declared
    header = _header(response, container, declared.header, variable)
    if not declared.path.mark:
        return Answers(declared.path, header)
    path = Fact(
        value=response.url.removeprefix(base), evidence=f"{container.name} answers 200 there"
    )
    return Answers(path.guessed() if answers_everything(base) else path, header)


def _base(survey: Survey, group: Group, port: Fact[int] | None) -> tuple[str, Container | None]:
    running = [c for name in group.services for c in survey.containers[name] if c.is_running]
    for container in running:
        try:
            host, number = reachable_address(container, port.value if port else 80)
        except EngineError:
            continue
        return f"http://{host}:{number}", container
    return "", None


def _first_good(base: str, path: Fact[str], others: Sequence[str]) -> Response | None:
    """Return the first response with 200; None if there is none, or the replica does not answer."""
    paths = [path.value] if not path.mark else [path.value, *others, *WELL_KNOWN]
    for each in list(dict.fromkeys(paths))[:MOST_REQUESTS]:
        response = send_request(base + each)
        if response.error:
            return None
        if response.status == OK:
            return response
    return None


def _header(
    response: Response,
    container: Container,
    declared: Fact[str] | None,
    variable: Fact[str] | None,
) -> Fact[str] | None:
    """Return the header that has the running release; without a known release, one as a guess.

    A header that the files name does not count if the response lacks it or has another value.
    """
    release = container.environment.get(variable.value, "") if variable else ""
    names = [
        name
        for name, value in response.headers.items()
        if sounds_like_release(name) and value and release in ("", value)
    ]
    if len(names) != 1:
        return None
    is_declared = declared is not None and declared.value.lower() == names[0].lower()
    name = declared.value if declared is not None and is_declared else names[0].title()
    evidence = f"{container.name} answers with it"
    return Fact(value=name, evidence=evidence, mark="" if release else "guess")
