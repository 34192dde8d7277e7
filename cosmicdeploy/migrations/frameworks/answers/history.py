"""An answer that shows which migration follows which, but not which of them have run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.migrations.frameworks.answers.listing import (
    Answer,
    Listing,
    MissingFiles,
    NamePattern,
    NotFitting,
    Parents,
    Pattern,
    lines_of,
    valid_name,
)


def _with_parents(pattern: Pattern) -> Pattern:
    if "parents" not in pattern.groupindex:
        raise ValueError("must have a group (?P<parents>…), the migrations before it")
    return pattern


class History(WrittenModel):
    """One line for each migration, with those before it. The framework's table says what has run.

    The table has the newest migration of each branch: those before it have run too.
    """

    migration: Annotated[NamePattern, AfterValidator(_with_parents)] = Field(
        description="Pattern of the line of a migration: (?P<name>…), (?P<parents>…) with commas"
        " between them, and (?P<depends>…) for further ones"
    )
    base: str = Field(description="What stands for the parents of a first migration")
    newest_first: bool = Field(default=False, description="Whether the newest one comes first")
    nothing: Pattern | None = Field(
        default=None, description="Pattern of an answer that lists no migration at all"
    )

    def listing(self, answer: Answer) -> Listing:
        """Return the migrations of an answer.

        Raises `NotFitting`; `MissingFiles` if the table has a migration that is not listed.
        """
        matches = self._matches(answer.text)
        if not matches and not (self.nothing and self.nothing.search(answer.text)):
            raise NotFitting("no line is that of a migration")
        direct = {name: self._named(match["parents"]) for name, match in matches.items()}
        parents = {name: (*direct[name], *self._depends(matches, name)) for name in matches}
        if unknown := sorted(set(answer.recorded) - parents.keys()):
            raise MissingFiles(", ".join(unknown))
        applied = before(answer.recorded, parents)
        return Listing(
            names=tuple(parents),
            pending=tuple(name for name in parents if name not in applied),
            parents=parents,
            joins={name: each for name, each in direct.items() if len(each) > 1},
        )

    def _matches(self, text: str) -> Mapping[str, re.Match[str]]:
        """Return the line of each migration, oldest first.

        A line whose parents are no migrations is part of a description, so it is dropped; so are
        the lines that name a dropped line as a parent.
        """
        lines = [match for line in lines_of(text) if (match := self.migration.search(line))]
        if self.newest_first:
            lines.reverse()
        found = {valid_name(match["name"]): match for match in lines}
        while len(kept := self._with_known_parents(found)) < len(found):
            found = kept
        return found

    def _with_known_parents(self, found: Mapping[str, re.Match[str]]) -> dict[str, re.Match[str]]:
        named = {name: self._named(match["parents"]) for name, match in found.items()}
        return {name: found[name] for name, parents in named.items() if found.keys() >= {*parents}}

    def _depends(self, known: Mapping[str, re.Match[str]], name: str) -> tuple[str, ...]:
        names = self._named(known[name].groupdict().get("depends") or "")
        if unknown := [each for each in names if each not in known]:
            raise NotFitting(
                f"{name} depends on {unknown[0]}, which is not listed: if that is the label of a"
                " branch, name the migration instead"
            )
        return names

    def _named(self, text: str) -> tuple[str, ...]:
        """Return the migrations in a text with commas between them; without `base`."""
        names = (each.strip() for each in text.split(","))
        return tuple(name for name in names if name and name != self.base)


def before(newest: Iterable[str], parents: Parents) -> set[str]:
    """Return these migrations, and all that must have run before them."""
    found: set[str] = set()
    waiting = list(newest)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += parents.get(name, ())
    return found
