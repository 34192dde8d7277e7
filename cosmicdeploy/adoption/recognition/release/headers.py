"""Recognize the response header that carries the release, in the source files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.survey import Survey

_WORD = r"[A-Za-z-]{0,40}"
_HEADER = re.compile(
    rf"""["'](X-{_WORD}(?:Release|Version|Revision|Commit|Build){_WORD})["':]""", re.IGNORECASE
)
# Headers of that form that mean something else.
_OTHER_HEADERS = re.compile(
    r"X-(?:API|GitHub|AspNet|Client|Protocol|Schema|Inertia|UA|Min)", re.IGNORECASE
)
_SETS = re.compile(
    r"(?:send|set|add|put|with|append)_?header|headers?(?:\(\))?(?:->|\.)(?:set|add|append|insert)"
    r"|\bheader\(|\bres(?:ponse)?\.set\(|\]\s*=(?!=)",
    re.IGNORECASE,
)
_READS = re.compile(r"\breq(?:uest)?\b|getHeader|hasHeader|header_in|\.get\(", re.IGNORECASE)
# How many characters of a very long line are searched before and behind a match.
_NEAR = 1000


def release_header(survey: Survey, name: str, variable: str) -> Fact[str] | None:
    """Return the only header that the source files set and that sounds like the release.

    It is a guess, unless its line also has the name of the release variable, `variable`, or the
    last word of that name.
    """
    found = _set_headers(survey, name)
    if len({each.lower() for each in found}) != 1:
        return None
    header, (line, place) = next(iter(found.items()))
    rest = line.replace(header, "")
    words = {variable, variable.rpartition("_")[2]} - {""}
    is_sure = not words.isdisjoint(re.findall(r"\w+", rest))
    return Fact(value=header, evidence=f"{place} sends it", mark="" if is_sure else "guess")


def sounds_like_release(header: str) -> bool:
    """Return whether a response header is probably the one that carries the release."""
    is_one = _HEADER.fullmatch(f'"{header}"') is not None
    return is_one and _OTHER_HEADERS.match(header) is None


def _set_headers(survey: Survey, name: str) -> dict[str, tuple[str, str]]:
    """Return the headers that command and code set, each with its first line and "file:line"."""
    command = survey.command(name)
    found = {header: (line, command.evidence) for header, line, _ in _headers(command.value)}
    for file in survey.sources[name].code():
        for header, line, position in _headers(file.text):
            if header not in found:
                found[header] = (line, file.place(position))
    return found


def _headers(text: str) -> Iterator[tuple[str, str, int]]:
    for match in _HEADER.finditer(text):
        line = _line(text, match)
        if not _OTHER_HEADERS.match(match[1]) and _SETS.search(line) and not _READS.search(line):
            yield match[1], line, match.start()


def _line(text: str, match: re.Match[str]) -> str:
    """Return the line of a match, or of a very long line what is near the match."""
    start = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.end())
    near = slice(match.start() - _NEAR, match.end() + _NEAR)
    return text[max(start, near.start) : min(near.stop, len(text) if end < 0 else end)]
