"""How a framework goes back: which commands roll back which migrations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import Field

from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.migrations.frameworks.words import Words, filled

# What a command needs: how many migrations to roll back, which one, to which one, or nothing.
By = Literal["count", "name", "target", "newest", "run"]
# The fields that the words of each kind of command may have, besides the parts of a name.
FIELDS: Mapping[By, frozenset[str]] = {
    "count": frozenset({"count"}),
    "name": frozenset({"name"}),
    "target": frozenset({"target"}),
    "newest": frozenset({"target"}),
    "run": frozenset(),
}


class CannotGoBackThere(Exception):
    """No command of the framework leads exactly there; the message says why."""


class Down(WrittenModel):
    """The command that rolls migrations back."""

    command: Words = Field(min_length=1, description="The command, without the program")
    adds: Words = Field(
        default=(), description="What is added to the command, with fields such as {count}"
    )
    by: By = Field(
        description="What the command needs. `count`: the number of migrations, of which it rolls"
        " back the last ones ({count}); `name`: each migration ({name}, and the parts of the name);"
        " `target`: for each group of migrations, such as an application, the last one that stays"
        " ({group}, {target}); `newest`: the newest one that stays ({target}); `run`: nothing, it"
        " rolls back what the last run ran",
    )
    bottom: str = Field(default="", description="What {target} is if no migration stays")

    def commands(
        self, beyond: Sequence[str], stays: Sequence[str], parts: re.Pattern[str] | None
    ) -> list[Words]:
        """Return the commands that roll back the migrations `beyond`, both in the order they ran.

        `stays` are the other migrations that have run; with `newest`, only the newest of each
        branch. `parts` divides a name into its parts. Raises `CannotGoBackThere`.
        """
        fields: Iterator[Mapping[str, str]] = iter([{}])
        if self.by == "count":
            fields = iter([{"count": str(len(beyond))}])
        elif self.by == "name":
            fields = ({"name": name, **parts_of(name, parts)} for name in reversed(beyond))
        elif self.by == "target":
            fields = self._targets(beyond, stays, parts)
        elif self.by == "newest":
            fields = iter([{"target": self._newest(stays)}])
        return [(*self.command, *filled(self.adds, each)) for each in fields]

    @property
    def rolls_back_the_last(self) -> bool:
        """Whether the command rolls back whatever ran last."""
        return self.by in ("count", "run")

    def _targets(
        self, beyond: Sequence[str], stays: Sequence[str], parts: re.Pattern[str] | None
    ) -> Iterator[Mapping[str, str]]:
        groups = dict.fromkeys(_group(name, parts) for name in reversed(beyond))
        for group in groups:
            left = [name for name in stays if _group(name, parts) == group]
            target = parts_of(left[-1], parts).get("short", left[-1]) if left else self.bottom
            yield {"group": group, "target": target}

    def _newest(self, stays: Sequence[str]) -> str:
        if len(stays) > 1:
            raise CannotGoBackThere(f"it would have to go back to {' and '.join(stays)} at once")
        return stays[0] if stays else self.bottom


def parts_of(name: str, parts: re.Pattern[str] | None) -> Mapping[str, str]:
    """Return the parts of a migration's name; none if the name has another form."""
    match = parts.fullmatch(name) if parts else None
    return {key: value or "" for key, value in match.groupdict().items()} if match else {}


def _group(name: str, parts: re.Pattern[str] | None) -> str:
    return parts_of(name, parts).get("group", "")
