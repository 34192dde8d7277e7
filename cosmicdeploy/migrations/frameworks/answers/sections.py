"""An answer in which the migrations stand below a heading that says whether they have run."""

from __future__ import annotations

from pydantic import Field

from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.migrations.frameworks.answers.listing import (
    Answer,
    Listing,
    NamePattern,
    NotFitting,
    Pattern,
    lines_of,
    name_in,
)


class Sections(WrittenModel):
    """Headings, with one line for each migration below; a blank line ends such a section."""

    applied: Pattern | None = Field(
        default=None, description="Pattern of the heading of the migrations that have run"
    )
    pending: Pattern = Field(
        description="Pattern of the heading of the migrations that have not run"
    )
    migration: NamePattern = Field(description="Pattern of the line of a migration")
    nothing: Pattern | None = Field(
        default=None, description="Pattern of a line that says that nothing is pending"
    )

    def listing(self, answer: Answer) -> Listing:
        """Return the migrations of an answer; raises `NotFitting`."""
        found: dict[str, bool] = {}
        section: bool | None = None  # whether the migrations below are pending; None outside
        fits = False
        for line in lines_of(answer.text):
            heading = self._heading(line)
            if heading is not None or not line.strip() or self._says_nothing(line):
                fits = fits or heading is True or self._says_nothing(line)
                section = heading
            elif section is not None:
                found[self._name(line)] = section
        if not fits:
            raise NotFitting("it does not say whether a migration is pending")
        # If the answer lists only what is pending, the framework's table has the other migrations.
        others = answer.recorded if self.applied is None else ()
        return Listing(
            names=tuple(dict.fromkeys((*others, *found))),
            pending=tuple(name for name, pending in found.items() if pending),
        )

    def _heading(self, line: str) -> bool | None:
        """Return whether the migrations below a heading are pending; None for another line."""
        if self.pending.search(line):
            return True
        return False if self.applied and self.applied.search(line) else None

    def _says_nothing(self, line: str) -> bool:
        return bool(self.nothing and self.nothing.search(line))

    def _name(self, line: str) -> str:
        name = name_in(line, [self.migration])
        if name is None:
            raise NotFitting(f"{line.strip()!r} is not the line of a migration")
        return name
