"""The migrations that a framework lists, and the limits for the text in which it lists them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator

from cosmicdeploy.text.sanitize import DROPPED, HARMFUL

# The list of ten thousand migrations has about 1 MiB.
MAX_CHARACTERS = 4 << 20
# Only this many characters of a line are compared with the patterns: the time that some patterns
# take grows with the square of the length.
LINE_CHARACTERS = 500
NAME_CHARACTERS = 255

# Migration → the migrations that must run before it.
Parents = Mapping[str, tuple[str, ...]]
Pattern = re.Pattern[str]
Patterns = tuple[Pattern, ...]


def _named(pattern: Pattern) -> Pattern:
    if "name" not in pattern.groupindex:
        raise ValueError("must have a group (?P<name>…), the name of the migration")
    return pattern


NamePattern = Annotated[Pattern, AfterValidator(_named)]


class NotFitting(Exception):
    """An answer is not as the framework's file describes it; the message says what is wrong."""


class MissingFiles(NotFitting):
    """Migrations that have run are not listed, so the image has no file of them."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command printed to its standard output, and its exit code.

    `recorded` are the migrations in the framework's table.
    """

    text: str
    exit_code: int = 0
    recorded: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The migrations that a framework lists, oldest first.

    `names` are the migrations of which the framework has a file; without the applied ones, if it
    lists only what is pending. `parents` maps each migration to those that must run before it, if
    the framework shows them. `joins` maps each migration that joins several branches to the ends
    of these branches. `fields` maps a migration to further facts about it, by their names, for the
    words of a command.
    """

    names: tuple[str, ...]
    pending: tuple[str, ...]
    parents: Parents = field(default_factory=dict)
    joins: Parents = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def lines_of(text: str) -> Iterator[str]:
    """Yield the lines of an answer without colors, each cut to `LINE_CHARACTERS`.

    Raises `NotFitting` if the answer is too long.
    """
    if len(text) > MAX_CHARACTERS:
        raise NotFitting(too_long(text))
    for line in DROPPED.sub("", text).splitlines():
        yield line[:LINE_CHARACTERS]


def too_long(text: str) -> str:
    """Return why an answer with more than `MAX_CHARACTERS` does not fit."""
    return f"it has {len(text):,} characters, more than {MAX_CHARACTERS:,}"


def valid_name(name: str) -> str:
    """Return the name of a migration; raises `NotFitting` if it cannot be one.

    A command would take a name that begins with a dash for an option.
    """
    name = name.strip()
    if not name or name.startswith("-") or len(name) > NAME_CHARACTERS or HARMFUL.search(name):
        raise NotFitting(f"{name[:NAME_CHARACTERS]!r} cannot be the name of a migration")
    return name


def name_in(line: str, patterns: Iterable[Pattern]) -> str | None:
    """Return the migration that a line names by one of the patterns; None if none matches."""
    matches = (pattern.search(line) for pattern in patterns)
    match = next(filter(None, matches), None)
    return valid_name(match["name"]) if match else None
