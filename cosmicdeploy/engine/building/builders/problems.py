"""Refuse what a builder would drop, ignore or fail on, before anything is built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cosmicdeploy.errors import Refused


@dataclass(frozen=True)
class Problem:
    """Something that a builder would not build as written."""

    what: str
    where: str
    todo: str


def refuse(intro: str, problems: Iterable[Problem]) -> None:
    """Raise `Refused` if there are problems: it names the first, and its details the others."""
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
