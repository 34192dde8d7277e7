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
    Pattern,
    lines_of,
    valid_name,
)

Parents = Mapping[str, tuple[str, ...]]


def _with_parents(pattern: Pattern) -> Pattern:
    if "parents" not in pattern.groupindex:
        raise ValueError("must have a group (?P<parents>…), the migrations before")
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
        parents = self._parents(answer.text)
        if not parents and not (self.nothing and self.nothing.search(answer.text)):
            raise NotFitting("no line is that of a migration")
        if unknown := sorted(set(answer.recorded) - parents.keys()):
            raise MissingFiles(", ".join(unknown))
        applied = before(answer.recorded, parents)
        return Listing(
            names=tuple(parents),
            pending=tuple(name for name in parents if name not in applied),
            parents=parents,
        )

    def _parents(self, text: str) -> Parents:
        """Return migration → those before it, oldest first."""
        matches = [match for line in lines_of(text) if (match := self.migration.search(line))]
        if self.newest_first:
            matches.reverse()
        named = {valid_name(match["name"]): self._named(match) for match in matches}
        return {name: tuple(_whole(each, named) for each in them) for name, them in named.items()}

    def _named(self, match: re.Match[str]) -> list[str]:
        groups = match.groupdict()
        texts = (*groups["parents"].split(","), *(groups.get("depends") or "").split(","))
        return [name for text in texts if (name := text.strip()) and name != self.base]


def _whole(name: str, known: Iterable[str]) -> str:
    """Return the one known migration whose name begins so; the name itself if there is none."""
    matching = [each for each in known if each.startswith(name)]
    return matching[0] if len(matching) == 1 and name not in known else name


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
