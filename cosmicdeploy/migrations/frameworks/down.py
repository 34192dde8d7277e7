"""How a framework goes back: which commands roll back which migrations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import Field

from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.migrations.frameworks.answers.listing import Listing
from cosmicdeploy.migrations.frameworks.words import Words, filled

# What a command needs: how many migrations to roll back, which one, to which one, or nothing.
By = Literal["count", "name", "target", "run"]
# The fields that the words of each kind of command may have. For `name`, the parts of a migration's
# name are fields as well.
FIELDS: Mapping[By, frozenset[str]] = {
    "count": frozenset({"count"}),
    "name": frozenset({"name"}),
    "target": frozenset({"group", "target"}),
    "run": frozenset(),
}
FIELD_OF_JOIN = "parent"


class CannotGoBackThere(Exception):
    """No command of the framework rolls back exactly these migrations; the message says why."""


class Down(WrittenModel):
    """The command that rolls migrations back."""

    command: Words = Field(min_length=1, description="The command, without the program")
    adds: Words = Field(
        default=(), description="What is added to the command, with fields such as {count}"
    )
    joins: Words = Field(
        default=(),
        description="Only `by: name`: what is added instead of `adds` if the migration joins"
        " branches. {parent} is the end of such a branch that no other applied migration follows",
    )
    by: By = Field(
        description="What the command needs. `count`: the number of migrations, of which it rolls"
        " back the last ones ({count}); `name`: each migration ({name}, and the parts of the name);"
        " `target`: for each group of migrations, such as an application, the last one that stays"
        " ({group}, {target}); `run`: nothing, it rolls back what the last run ran",
    )
    bottom: str = Field(default="", description="What {target} is if no migration stays")

    def commands(
        self,
        beyond: Sequence[str],
        stays: Sequence[str],
        listed: Listing,
        parts: re.Pattern[str] | None,
    ) -> list[Words]:
        """Return the commands that roll back the migrations `beyond`, in the order to run them.

        `stays` are the other migrations that have run; both are in the order in which they ran.
        `listed` shows which migration follows which, as far as the framework shows that. `parts` is
        the pattern that divides a migration's name. Raises `CannotGoBackThere`.
        """
        if self.by == "name":
            applied = (*stays, *beyond)
            numbers = reversed(range(len(stays), len(applied)))
            added = [self._of_one(applied[n], applied[:n], listed, parts) for n in numbers]
        elif self.by == "target":
            added = self._of_groups(beyond, stays, parts)
        else:
            added = [_filled(self.adds, {"count": str(len(beyond))})]
        return [(*self.command, *words) for words in added]

    @property
    def rolls_back_the_last(self) -> bool:
        """Whether the command rolls back whatever ran last."""
        return self.by in ("count", "run")

    def _of_one(
        self, name: str, others: Iterable[str], listed: Listing, parts: re.Pattern[str] | None
    ) -> Words:
        """Return what is added for one migration; `others` are applied when it is rolled back."""
        fields = {**parts_of(name, parts), "name": name}
        ends = listed.joins.get(name, ())
        if not (ends and self.joins):
            return _filled(self.adds, fields)
        followed = {parent for other in others for parent in listed.parents.get(other, ())}
        free = [end for end in ends if end not in followed]
        if not free:
            raise CannotGoBackThere(f"other migrations follow each branch that {name} joins")
        return _filled(self.joins, {**fields, FIELD_OF_JOIN: free[0]})

    def _of_groups(
        self, beyond: Sequence[str], stays: Sequence[str], parts: re.Pattern[str] | None
    ) -> list[Words]:
        groups = dict.fromkeys(_group(name, parts) for name in reversed(beyond))
        return [
            _filled(self.adds, {"group": group, "target": self._target(group, stays, parts)})
            for group in groups
        ]

    def _target(self, group: str, stays: Sequence[str], parts: re.Pattern[str] | None) -> str:
        """Return the short name of a group's last migration that stays, else `bottom`."""
        divided = [parts_of(name, parts) for name in stays]
        staying = [each["short"] for each in divided if each.get("group") == group]
        return staying[-1] if staying else self.bottom


def parts_of(name: str, parts: re.Pattern[str] | None) -> Mapping[str, str]:
    """Return the parts of a migration's name; none if the name has another form."""
    match = parts.fullmatch(name) if parts else None
    return {key: value or "" for key, value in match.groupdict().items()} if match else {}


def _group(name: str, parts: re.Pattern[str] | None) -> str:
    group = parts_of(name, parts).get("group")
    if not group:
        raise CannotGoBackThere(f"it is not known to which group {name} belongs")
    return group


def _filled(words: Words, fields: Mapping[str, str]) -> Words:
    try:
        return filled(words, fields)
    except KeyError as missing:
        raise CannotGoBackThere(
            f"{fields.get('name')} has no part {missing.args[0]} in its name"
        ) from None
