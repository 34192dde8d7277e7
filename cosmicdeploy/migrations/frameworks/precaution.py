"""Find out which migrations the framework can show as SQL without running a part of them."""

from __future__ import annotations

from pydantic import Field

from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.migrations.frameworks.answers.listing import (
    NamePattern,
    Pattern,
    lines_of,
    name_in,
)
from cosmicdeploy.migrations.frameworks.words import Words


class Precaution(WrittenModel):
    """A command that lists what each pending migration does, and runs none of it.

    A program may run parts of a migration that it is only asked to show, such as code.
    """

    command: Words = Field(min_length=1, description="The command, without the program")
    migration: NamePattern = Field(description="Pattern of the line that begins a migration")
    harmless: Pattern = Field(
        description="Pattern of the lines below. A migration with another line is not asked for its"
        " SQL, so it is unknown what it does"
    )

    def allowed(self, text: str) -> set[str]:
        """Return the migrations that may be asked for their SQL; raises `NotFitting`."""
        allowed, current = set[str](), ""
        for line in lines_of(text):
            if (name := name_in(line, [self.migration])) is not None:
                current = name
                allowed.add(name)
            elif line.strip() and not self.harmless.search(line):
                allowed.discard(current)
        return allowed
