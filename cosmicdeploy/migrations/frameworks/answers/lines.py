"""An answer with one line for each migration, which says whether the migration has run."""

from __future__ import annotations

from pydantic import Field

from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.migrations.frameworks.answers.listing import (
    Answer,
    Listing,
    NamePattern,
    NotFitting,
    Pattern,
    Patterns,
    lines_of,
    name_in,
)


class Lines(WrittenModel):
    """One line for each migration, oldest first. Lines that match no pattern are ignored."""

    applied: tuple[NamePattern, ...] = Field(
        default=(), description="Patterns of the lines of migrations that have run"
    )
    pending: tuple[NamePattern, ...] = Field(
        min_length=1, description="Patterns of the lines of migrations that have not run"
    )
    ignored: Patterns = Field(
        default=(), description="Patterns of lines of migrations that have run, but have no file"
    )
    every: Pattern | None = Field(
        default=None,
        description="Pattern of all lines of migrations. If a line matches it and none of the"
        " others, the answer does not fit",
    )
    nothing: Pattern | None = Field(
        default=None,
        description="Pattern of a line: an answer with it may list no migration at all",
    )

    def listing(self, answer: Answer) -> Listing:
        """Return the migrations of an answer; raises `NotFitting`."""
        found: dict[str, bool] = {}
        may_be_empty = False
        for line in lines_of(answer.text):
            may_be_empty = may_be_empty or bool(self.nothing and self.nothing.search(line))
            if any(pattern.search(line) for pattern in self.ignored):
                continue
            if (name := name_in(line, self.pending)) is not None:
                found[name] = True
            elif (name := name_in(line, self.applied)) is not None:
                found.setdefault(name, False)
            elif self.every and self.every.search(line):
                raise NotFitting(f"{line.strip()!r} has no known state")
        if not found and not may_be_empty:
            raise NotFitting("no line is that of a migration")
        return Listing(
            names=tuple(found), pending=tuple(name for name, pending in found.items() if pending)
        )
