"""Refuse a build, before it begins, if the builder would ignore parts of it or fail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cosmicdeploy.errors import Refused


@dataclass(frozen=True)
class Problem:
    """A part of a build that the builder would not build as written, as the fields of an error."""

    what: str
    where: str
    todo: str


def refuse(intro: str, problems: Iterable[Problem]) -> None:
    """Raise `Refused` if there are problems.

    The error's message begins with `intro` and names the first problem; its details name the
    others.
    """
    named = list(problems)
    if not named:
        return
    first, *others = named
    raise Refused(
        f"{intro}: {first.what}",
        where=first.where,
        todo=first.todo,
        details=[f"{each.what} ({each.where}) → {each.todo}" for each in others],
    )
