"""Recognize the path that answers 200 if a replica is ready."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cosmicdeploy.adoption.facts import Fact, first_fact
from cosmicdeploy.adoption.reading.declared import one_line
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.reading.texts.source_files import search
from cosmicdeploy.adoption.reading.texts.text_file import SearchedText, TextFile
from cosmicdeploy.adoption.recognition.requests.health_checks import checked_url
from cosmicdeploy.adoption.recognition.roles.labels import health_path_by_labels

# The last part of a path that means health, the most telling first.
WORDS = (
    "health", "healthz", "healthcheck", "health-check", "health_check", "up", "ready", "readyz",
    "readiness", "live", "livez", "liveness", "alive", "ping", "status",
)  # fmt: skip
_WORD = "|".join(sorted(map(re.escape, WORDS), key=len, reverse=True))
# In code: a path of at most four parts, not in the middle of a longer path or of a URL.
_PATH = re.compile(rf"(?<![\w/.:$}}{{*-])/(?:[\w-]{{1,40}}/){{0,3}}(?:{_WORD})/?(?![\w./-])")
# Where frameworks declare routes without a leading slash.
_ROUTE = re.compile(
    r"(?:\b(?:path|re_path|url|get|match|Route::\w+)\s{0,9}\(?\s{0,9}r?|health:\s{0,9})"
    rf"""["']\^?(?P<route>/?(?:[\w-]{{1,40}}/){{0,3}}(?:{_WORD})/?)\$?["']"""
)
_VARIABLES = ("HEALTH_PATH", "HEALTHCHECK_PATH", "HEALTH_CHECK_PATH")
_IS_PATH = re.compile(r"/[\w./-]{0,200}")
_QUOTES = ("'", '"', "`")
# Paths of files, not of requests.
_OF_FILES = re.compile(r"/(?:app|bin|dev|etc|home|opt|proc|run|srv|sys|tmp|usr|var)/")
_HAPROXY = re.compile(
    r"\boption\s+httpchk\s+(?:[A-Z]+\s+)?(/[\w./-]*)"
    r"|\bhttp-check\s+send\b.{0,200}?\buri\s+(/[\w./-]*)"
)
_CADDY = re.compile(r"\bhealth_uri\s+(/[\w./-]*)")


def health_path_of(survey: Survey, name: str, texts: Sequence[SearchedText]) -> Fact[str]:
    """Return the health path of a service; `texts` configure the proxy in front of it.

    Without any evidence it is `/`, as a guess.
    """
    fact = first_fact(
        (
            lambda: _of_health_check(survey, name),
            lambda: _of_labels(survey, name),
            lambda: _of_variable(survey, name),
            lambda: _of_proxy(texts),
            lambda: _of_source(survey, name),
        )
    )
    nothing = "no file names a health path; it has to answer 200"
    return fact or Fact(value="/", evidence=nothing, mark="guess")


def candidates(survey: Survey, name: str) -> list[str]:
    """Return the paths in the source files that may be health paths, the best first."""
    return sorted(search(survey.sources[name].code(), _paths), key=_rank)


def _of_health_check(survey: Survey, name: str) -> Fact[str] | None:
    url = checked_url(survey, name)
    return _path(url.value.path, url.evidence) if url else None


def _of_labels(survey: Survey, name: str) -> Fact[str] | None:
    label = health_path_by_labels(survey, name)
    return _path(label.value, label.evidence) if label else None


def _path(text: str, evidence: str) -> Fact[str] | None:
    """Return a path without its query, which may hold a token; None for anything else."""
    path, question, _ = text.partition("?")
    path = one_line(path.partition("#")[0])
    if not path.startswith("/") or "$" in path:
        return None
    if question:
        return Fact(value=path, evidence=f"{evidence}; its query is left out", mark="guess")
    return Fact(value=path, evidence=evidence)


def _of_variable(survey: Survey, name: str) -> Fact[str] | None:
    """Return the path in a variable such as HEALTH_PATH."""
    own, image = survey.services[name].environment, survey.images[name].variables
    for variable in _VARIABLES:
        if _IS_PATH.fullmatch(own.get(variable, "")):
            evidence = f"{survey.environment_place(name, variable)}, {variable}"
            return Fact(value=own[variable], evidence=evidence)
        if variable in image and _IS_PATH.fullmatch(image[variable].value):
            return Fact(
                value=image[variable].value, evidence=f"{image[variable].evidence}, {variable}"
            )
    return None


def _of_proxy(texts: Sequence[SearchedText]) -> Fact[str] | None:
    """Return the path by which HAProxy or Caddy checks its servers, if there is only one."""
    found: dict[str, str] = {}
    for text in texts:
        for pattern in (_HAPROXY, _CADDY):
            for match in text.matches(pattern):
                path = next(part for part in match.groups() if part)
                found.setdefault(path, text.place(match.start()))
    if len(found) != 1:
        return None
    path, place = next(iter(found.items()))
    return Fact(value=path, evidence=f"{place}, the proxy checks it")


def _of_source(survey: Survey, name: str) -> Fact[str] | None:
    found = search(survey.sources[name].code(), _paths)
    if not found:
        return None
    path = min(found, key=_rank)
    return Fact(value=path, evidence=f"{found[path]} has this path", mark="guess")


def _paths(file: TextFile) -> Iterator[tuple[str, int]]:
    """Yield the paths in a file with their positions: routes first, then texts in quotes."""
    for match in _ROUTE.finditer(file.text):
        yield _prefix(file.name) + "/" + match["route"].lstrip("/"), match.start("route")
    plain = list[tuple[str, int]]()
    for match in _PATH.finditer(file.text):
        if _OF_FILES.match(match[0]) or _is_route(file.text, match):
            continue
        if file.text[match.start() - 1 : match.start()] in _QUOTES:
            yield match[0], match.start()
        else:
            plain.append((match[0], match.start()))
    yield from plain


def _is_route(text: str, match: re.Match[str]) -> bool:
    """Return whether `_ROUTE` has found this path too, with its prefix."""
    start = max(0, match.start() - 40)
    return any(each.end() >= match.end() for each in _ROUTE.finditer(text, start, match.end() + 2))


def _prefix(file: str) -> str:
    """Return the prefix that Laravel gives to all routes of a file."""
    return "/api" if file.endswith("routes/api.php") else ""


def _rank(path: str) -> tuple[int, int, str]:
    word = path.rstrip("/").rpartition("/")[2]
    return WORDS.index(word), path.count("/"), path
