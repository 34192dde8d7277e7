"""An answer that says only whether something is pending, not what."""

from __future__ import annotations

from pydantic import Field

from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.migrations.frameworks.answers.listing import (
    Answer,
    Listing,
    NotFitting,
    Pattern,
    lines_of,
)

# What stands for all pending migrations, also as the name that `--allow` takes.
PENDING = "pending"


class Unnamed(WrittenModel):
    """Exit codes, or patterns of a line, that say whether something is pending.

    All pending migrations together are then called `pending`.
    """

    none: int | Pattern = Field(description="Exit code or pattern if nothing is pending")
    some: int | Pattern = Field(description="Exit code or pattern if something is pending")

    @property
    def exit_codes(self) -> tuple[int, ...]:
        """The exit codes that say something; empty if only patterns do."""
        return tuple(each for each in (self.none, self.some) if isinstance(each, int))

    def listing(self, answer: Answer) -> Listing:
        """Return `PENDING` as the only migration, or none; raises `NotFitting`."""
        is_none, is_some = _says(self.none, answer), _says(self.some, answer)
        if is_none is is_some:
            raise NotFitting(
                "it says both that something is pending and that nothing is"
                if is_none
                else "it does not say whether something is pending"
            )
        names = (PENDING,) if is_some else ()
        return Listing(names=names, pending=names)


def _says(sign: int | Pattern, answer: Answer) -> bool:
    if isinstance(sign, int):
        return answer.exit_code == sign
    return any(sign.search(line) for line in lines_of(answer.text))
